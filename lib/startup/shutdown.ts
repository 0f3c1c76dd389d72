import { type Log, reasonOf } from '../log/log.ts'

/** The rest of the grace is for returning what is left and for closing connections. */
const WORK_SHARE = 0.7

/** The stop of the service: one budget, SHUTDOWN_GRACE_MS, for everything that has to end. */
export class Shutdown {
  readonly #graceMs: number
  readonly #log: Log
  readonly #begun = new AbortController()
  readonly #stops: ((graceMs: number) => Promise<unknown>)[] = []
  #deadline = Number.POSITIVE_INFINITY
  #stopped: Promise<unknown> | undefined

  constructor(graceMs: number, log: Log) {
    this.#graceMs = graceMs
    this.#log = log
  }

  /** Aborted when the stop begins. */
  get signal(): AbortSignal {
    return this.#begun.signal
  }

  /** Returns the milliseconds left for running work; all of them before the stop begins. */
  remainingMs(): number {
    return Math.max(0, Math.min(this.#graceMs * WORK_SHARE, this.#deadline - performance.now()))
  }

  /** Adds what stops a consumer. It must resolve soon after `graceMs`: the parts are closed afterwards. */
  add(stop: (graceMs: number) => Promise<unknown>): void {
    this.#stops.push(stop)
  }

  /** Stops all consumers concurrently. Resolves when all have ended, also when called again. */
  begin(): Promise<unknown> {
    if (this.#stopped) return this.#stopped
    this.#deadline = performance.now() + this.#graceMs * WORK_SHARE
    this.#begun.abort()
    this.#stopped = Promise.all(this.#stops.map((stop) => this.#run(stop)))
    return this.#stopped
  }

  async #run(stop: (graceMs: number) => Promise<unknown>): Promise<void> {
    try {
      await stop(this.remainingMs())
    } catch (error) {
      this.#log.warn({ reason: reasonOf(error) }, 'A consumer could not be stopped cleanly')
    }
  }
}
