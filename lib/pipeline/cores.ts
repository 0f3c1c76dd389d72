import { Turns } from './turns.ts'

/**
 * After this time, an image no longer counts against the limit, so that slow images cannot block fast ones.
 * The decoder bounds how long it may still run.
 */
const OVERTIME_MS = 1000

/** The cores, each of which computes one image at a time. Users take turns. */
export class Cores {
  readonly count: number
  readonly #now: () => number
  readonly #turns: Turns
  #computing = 0
  #lastBusy: number

  constructor(count: number, now: () => number) {
    this.count = count
    this.#turns = new Turns(count)
    this.#now = now
    this.#lastBusy = now()
  }

  /** Images that wait for a core. */
  get queued(): number {
    return this.#turns.queued
  }

  /** For how long at least one core has been idle. */
  get idleMs(): number {
    this.#noteBusy()
    return this.#now() - this.#lastBusy
  }

  /**
   * Runs `work` on a core. Its time counts from its call of `begun`, not while a decoder starts for it: on a
   * busy machine that takes a second, and six decoders were started instead of three (455, not 343 MB).
   */
  async run<T>(userId: number, work: (begun: () => void) => Promise<T>): Promise<T> {
    const release = await this.#turns.take(userId)
    let overtime: NodeJS.Timeout | undefined
    const begun = () => {
      overtime ??= setTimeout(release, OVERTIME_MS)
    }
    this.#computing++
    this.#noteBusy()
    try {
      return await work(begun)
    } finally {
      this.#computing--
      clearTimeout(overtime)
      release()
    }
  }

  #noteBusy(): void {
    if (this.#computing >= this.count) this.#lastBusy = this.#now()
  }
}
