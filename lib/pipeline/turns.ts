import { UserCounts } from '../outbox/user-counts.ts'

interface Waiting {
  userId: number
  begin(): void
}

/** Lets `count` calls go on at once. Users take turns. */
export class Turns {
  readonly #count: number
  /** In order of arrival. */
  readonly #waiting = new Set<Waiting>()
  readonly #users = new UserCounts()
  #taken = 0

  constructor(count: number) {
    this.#count = count
  }

  /** The number of calls that wait for a turn. */
  get queued(): number {
    return this.#waiting.size
  }

  /** Resolves when it is the user's turn, with a function that ends it. Only its first call has an effect. */
  async take(userId: number): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add({ userId, begin: resolve })
    this.#fill()
    await promise
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#taken--
      this.#users.change(userId, -1)
      this.#fill()
    }
  }

  /** Gives free turns first to the user that has the fewest, then in order of arrival. */
  #fill(): void {
    while (this.#taken < this.#count) {
      let next: Waiting | undefined
      for (const waiting of this.#waiting)
        if (!next || this.#users.of(waiting.userId) < this.#users.of(next.userId)) next = waiting
      if (!next) return
      this.#waiting.delete(next)
      this.#taken++
      this.#users.change(next.userId, 1)
      next.begin()
    }
  }
}
