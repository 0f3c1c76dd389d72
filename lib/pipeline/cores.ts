import pLimit, { type LimitFunction } from 'p-limit'

/** The cores, each of which computes one image at a time. */
export class Cores {
  readonly count: number
  readonly #limit: LimitFunction
  readonly #now: () => number
  #lastBusy: number

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
    return this.#limit(() => {
      this.#noteBusy()
      return work()
    })
  }

  #noteBusy(): void {
    if (this.#limit.activeCount === this.count) this.#lastBusy = this.#now()
  }
}
