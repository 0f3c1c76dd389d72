import { UserCounts } from '../outbox/user-counts.ts'

/**
 * After this time, an image no longer counts against the limit, so that slow images cannot block fast ones.
 * The decoder bounds how long it may still run.
 */
const OVERTIME_MS = 1000

interface Waiting {
  userId: number
  begin(): void
}

/** The cores, each of which computes one image at a time. Users take turns. */
export class Cores {
  readonly count: number
  readonly #now: () => number
  /** In order of arrival. */
  readonly #waiting = new Set<Waiting>()
  readonly #users = new UserCounts()
  #taken = 0
  #computing = 0
  #lastBusy: number

  constructor(count: number, now: () => number) {
    this.count = count
    this.#now = now
    this.#lastBusy = now()
  }

  /** Images that wait for a core. */
  get queued(): number {
    return this.#waiting.size
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
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add({ userId, begin: resolve })
    this.#fill()
    await promise
    const release = this.#release(userId)
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

  /**
   * Gives free cores to images, first to those of the user that has the fewest cores, then in order of
   * arrival.
   */
  #fill(): void {
    while (this.#taken < this.count) {
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

  /** Returns a function that frees the core, once. */
  #release(userId: number): () => void {
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#taken--
      this.#users.change(userId, -1)
      this.#fill()
    }
  }

  #noteBusy(): void {
    if (this.#computing >= this.count) this.#lastBusy = this.#now()
  }
}
