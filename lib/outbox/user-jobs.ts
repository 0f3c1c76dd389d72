import type { UserLimit } from './outbox.ts'
import { UserCounts } from './user-counts.ts'

/** The jobs that are in progress in this process, however they came here. */
export class UserJobs implements UserLimit {
  readonly max: number
  readonly #users = new UserCounts()
  #count = 0

  /** @param max jobs of one user for which rows are claimed */
  constructor(max: number) {
    this.max = max
  }

  get running(): ReadonlyMap<number, number> {
    return this.#users.counts
  }

  /** The jobs of all users. */
  get count(): number {
    return this.#count
  }

  async run(userId: number, work: () => Promise<void>): Promise<void> {
    this.#change(userId, 1)
    await work().finally(() => this.#change(userId, -1))
  }

  #change(userId: number, by: number): void {
    this.#count += by
    this.#users.change(userId, by)
  }
}
