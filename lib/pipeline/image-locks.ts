/** What is being worked on in this process, by its id. What somebody has in hand nobody else takes. */
export class ImageLocks {
  readonly #ids = new Set<string>()

  /** Takes what nobody has, until it is let go or the hold is disposed of. */
  take<T extends { id: string }>(found: T[]): Hold<T> {
    const taken = found.filter(({ id }) => !this.#ids.has(id))
    for (const { id } of taken) this.#ids.add(id)
    return new Hold(taken, this.#ids)
  }
}

export class Hold<T extends { id: string }> implements Disposable {
  readonly taken: readonly T[]
  readonly #left: Set<string>
  readonly #all: Set<string>

  constructor(taken: T[], all: Set<string>) {
    this.taken = taken
    this.#left = new Set(taken.map(({ id }) => id))
    this.#all = all
  }

  /** Others may take these from now on. */
  letGo(ids: Iterable<string>): void {
    for (const id of ids) if (this.#left.delete(id)) this.#all.delete(id)
  }

  [Symbol.dispose](): void {
    this.letGo(this.#left)
  }
}
