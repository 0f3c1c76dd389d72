/** Stands in for the controls of a server that a TEST_ variable names. */
export function notOurs(variable: string): () => Promise<never> {
  return async () => {
    throw new Error(`${variable} names a server that is not ours to stop: unset it to run this test`)
  }
}
