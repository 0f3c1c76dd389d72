/** Counts what each user holds of a shared resource. */
export class UserCounts {
  readonly #counts = new Map<number, number>()

  /** Users that hold nothing are left out. */
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
