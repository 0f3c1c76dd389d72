const WINDOW_MINUTES = 10
const WINDOW_MS = WINDOW_MINUTES * 60_000

/**
 * Estimates what came in the last ten minutes: all of this window of the clock, and a share of the one
 * before. So what was seen once is not forgotten between two looks.
 */
export class Recent {
  #window = 0
  #current = 0
  #previous = 0

  add(now: number): void {
    this.#turn(now)
    this.#current++
  }

  /** Returns the mean of a minute. */
  rate(now: number): number {
    this.#turn(now)
    return (this.#current + this.#previous * (1 - (now % WINDOW_MS) / WINDOW_MS)) / WINDOW_MINUTES
  }

  #turn(now: number): void {
    const window = Math.floor(now / WINDOW_MS)
    if (window === this.#window) return
    this.#previous = window === this.#window + 1 ? this.#current : 0
    this.#current = 0
    this.#window = window
  }
}
