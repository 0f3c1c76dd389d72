const WINDOW_MS = 60_000

/**
 * Estimates what came in the last 60 seconds: all of this minute of the clock, and a share of the minute
 * before.
 */
export class Recent {
  #window = 0
  #current = 0
  #previous = 0

  add(now: number): void {
    this.#turn(now)
    this.#current++
  }

  count(now: number): number {
    this.#turn(now)
    return this.#current + this.#previous * (1 - (now % WINDOW_MS) / WINDOW_MS)
  }

  #turn(now: number): void {
    const window = Math.floor(now / WINDOW_MS)
    if (window === this.#window) return
    this.#previous = window === this.#window + 1 ? this.#current : 0
    this.#current = 0
    this.#window = window
  }
}
