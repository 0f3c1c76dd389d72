import { setTimeout as wait } from 'node:timers/promises'
import { ImageError } from '../image/error.ts'
import { notStored } from '../storage/object-store.ts'

/** Failures in a row that open the breaker. */
const FAILURES_TO_OPEN = 5
/** The pause doubles with each attempt, up to MAX_PAUSE_MS. */
const MIN_PAUSE_MS = 1000
const MAX_PAUSE_MS = 15_000
/** If an attempt is interrupted after it has waited this long for the store, the store has failed, too. */
const SILENT_MS = 10_000
/** Longer than the time between two failures while the store is tried. */
const REMEMBERED_MS = 120_000

/** The image should be processed again in `waitMs`; no attempt is counted. */
export class StoreDown extends Error {
  override readonly name = 'StoreDown'
  readonly waitMs: number

  constructor(waitMs: number, failure: ImageError) {
    super(failure.message, { cause: failure })
    this.waitMs = waitMs
  }
}

export interface StoreBreakerOptions {
  /** Called with the last failure when the breaker opens, and with null when it closes. */
  onChange?(failure: ImageError | null): void
  /** A monotonic clock in milliseconds. */
  now?(): number
}

/**
 * Tracks uploads to the object store, or reads from it. After repeated failures it opens: then one begins
 * after each pause, and the pauses grow. The others wait, and begin when one has succeeded.
 */
export class StoreBreaker {
  readonly #onChange: (failure: ImageError | null) => void
  readonly #now: () => number
  #failures = 0
  #lastFailure = notStored(null)
  #failedAt = 0
  #successes = 0
  #pauseMs = MIN_PAUSE_MS
  #nextAt = 0
  #closed = new AbortController()

  constructor({ onChange = () => undefined, now = () => performance.now() }: StoreBreakerOptions = {}) {
    this.#onChange = onChange
    this.#now = now
  }

  /** Why images wait for the store. Null when none does, or when none was tried in the last two minutes. */
  get failure(): ImageError | null {
    return this.#isOpen && this.#now() - this.#failedAt < REMEMBERED_MS ? this.#lastFailure : null
  }

  /**
   * Runs `work` when the breaker admits it. If it fails, and nothing else has succeeded since it began, the
   * store is to blame and not the image: rejects with StoreDown. So it does if the signal aborts while `work`
   * waits.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(signal)
    if (signal.aborted && this.#isOpen) throw this.#down()
    return await this.#attempt(signal, work)
  }

  get #isOpen(): boolean {
    return this.#failures >= FAILURES_TO_OPEN
  }

  async #turn(signal: AbortSignal): Promise<void> {
    while (this.#isOpen && !signal.aborted) {
      const pauseMs = this.#nextAt - this.#now()
      if (pauseMs <= 0) return this.#pause()
      const either = AbortSignal.any([signal, this.#closed.signal])
      await wait(pauseMs, undefined, { signal: either }).catch(() => undefined)
    }
  }

  async #attempt<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const [begunAt, successes] = [this.#now(), this.#successes]
    try {
      const result = await work()
      this.#succeeded()
      return result
    } catch (error) {
      const isSilent = this.#now() - begunAt >= SILENT_MS
      if (signal.aborted ? !isSilent : !isOfStore(error)) throw error
      this.#failed(error)
      throw this.#successes === successes ? this.#down() : error
    }
  }

  #succeeded(): void {
    this.#successes++
    const wasOpen = this.#isOpen
    this.#failures = 0
    if (!wasOpen) return
    this.#pauseMs = MIN_PAUSE_MS
    this.#closed.abort()
    this.#onChange(null)
  }

  #failed(error: unknown): void {
    const failure = error instanceof ImageError ? error : notStored(error)
    this.#lastFailure = failure
    this.#failedAt = this.#now()
    if (++this.#failures !== FAILURES_TO_OPEN) return
    this.#closed = new AbortController()
    this.#pause()
    this.#onChange(failure)
  }

  #pause(): void {
    this.#nextAt = this.#now() + this.#pauseMs
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS)
  }

  #down(): StoreDown {
    return new StoreDown(this.#pauseMs, this.#lastFailure)
  }
}

const isOfStore = (error: unknown) => error instanceof ImageError && error.code === 'storage'
