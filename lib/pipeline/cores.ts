import pLimit, { type LimitFunction } from 'p-limit'

/**
 * An image that computes for longer gives its core to others: it may have been made to, and no number of such images may keep
 * a small one waiting. What computes beyond that is bounded by the decoder.
 */
const OVERTIME_MS = 1000

/** The cores, each of which computes one image at a time. */
export class Cores {
  readonly count: number
  readonly #limit: LimitFunction
  readonly #now: () => number
  #lastBusy: number
  #running = 0

  constructor(count: number, now: () => number) {
    this.count = count
    this.#limit = pLimit(count)
    this.#now = now
    this.#lastBusy = now()
  }

  /** Images that wait for a core. */
  get queued(): number {
    return this.#limit.pendingCount
  }

  /** For how long at least one core has been idle. */
  get idleMs(): number {
    this.#noteBusy()
    return this.#now() - this.#lastBusy
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    void this.#limit(async () => {
      this.#running++
      this.#noteBusy()
      const turn = Promise.withResolvers<void>()
      const overtime = setTimeout(turn.resolve, OVERTIME_MS)
      const end = () => {
        this.#running--
        clearTimeout(overtime)
        turn.resolve()
      }
      void Promise.try(work).finally(end).then(resolve, reject)
      await turn.promise
    })
    return promise
  }

  #noteBusy(): void {
    if (this.#running >= this.count) this.#lastBusy = this.#now()
  }
}
