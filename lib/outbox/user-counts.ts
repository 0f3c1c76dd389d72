/** How much each user has of something that users share. */
export class UserCounts {
  readonly #counts = new Map<number, number>()

  /** Users without anything are not in it. */
  get counts(): ReadonlyMap<number, number> {
    return this.#counts
  }

  of(userId: number): number {
    return this.#counts.get(userId) ?? 0
  }

  change(userId: number, by: number): void {
    const count = this.of(userId) + by
    if (count > 0) this.#counts.set(userId, count)
    else this.#counts.delete(userId)
  }
}
