/** A test, as far as helpers need one. */
export interface Owner {
  teardown(end: () => Promise<void>): unknown
  passing?(): boolean
}

interface Owned {
  stop(): Promise<unknown>
  /** What it printed last. */
  lastLines?: string
}

/** Stops it when the test ends, and shows what it printed last if the test failed. */
export function owned<T extends Owned>(t: Owner, it: T): T {
  t.teardown(async () => {
    await it.stop()
    if (t.passing?.() === false && it.lastLines) console.error(it.lastLines)
  })
  return it
}
