/** Remembers what was seen within the last `forMs` to twice that, `most` to twice as many at most. */
export class Lately<T> {
  readonly #forMs: number
  readonly #most: number
  #recent = new Set<T>()
  #older = new Set<T>()
  #turnsAt = 0

  constructor({ forMs, most }: { forMs: number; most: number }) {
    this.#forMs = forMs
    this.#most = most
  }

  /** Whether the value was seen lately; from now on it was. */
  seen(value: T): boolean {
    const now = performance.now()
    if (now >= this.#turnsAt || this.#recent.size >= this.#most) {
      // After a long silence nothing is recent any more.
      this.#older = now < this.#turnsAt + this.#forMs ? this.#recent : new Set()
      this.#recent = new Set()
      this.#turnsAt = now + this.#forMs
    }
    const known = this.#recent.has(value) || this.#older.has(value)
    this.#recent.add(value)
    return known
  }
}
