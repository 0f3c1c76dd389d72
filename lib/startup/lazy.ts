import { setImmediate as turn } from 'node:timers/promises'

/** Takes what makes a value, and answers how to get it. */
export type Later = <T>(make: () => T) => () => T

/** Makes it now: a mistake in it is heard of at once. */
export const atOnce: Later = (make) => {
  const made = make()
  return () => made
}

/** Makes each value when it is first asked for: nobody waits at the start for what he does not need yet. */
export class Deferred {
  readonly #left = new Set<() => unknown>()

  readonly later: Later = (make) => {
    let made: { value: ReturnType<typeof make> } | undefined
    const get = () => {
      made ??= { value: make() }
      this.#left.delete(get)
      return made.value
    }
    this.#left.add(get)
    return get
  }

  /** Makes what is left one by one, and lets others work in between. */
  async finish(): Promise<void> {
    for (const make of this.#left) {
      make()
      await turn()
    }
  }
}
