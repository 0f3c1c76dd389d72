/** A test, as far as helpers need one. */
export interface Owner {
  teardown(end: () => Promise<void>): unknown
}

/** Stops it when the test ends. */
export function owned<T extends { stop(): Promise<unknown> }>(t: Owner, it: T): T {
  t.teardown(async () => void (await it.stop()))
  return it
}
