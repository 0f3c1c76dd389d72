const WINDOW_MINUTES = 10
const WINDOW_MS = WINDOW_MINUTES * 60_000

/**
 * Estimates how many events there were in the last ten minutes: all of the current window of ten minutes, and
 * a share of the previous window. So an event does not vanish at the end of its window.
 */
export class Recent {
  #window = 0
  #current = 0
  #previous = 0

  add(now: number): void {
    this.#turn(now)
    this.#current++
  }

  /** Returns the mean number of events per minute. */
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
