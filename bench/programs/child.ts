/** What the program was started with. */
export function options<T>(): T {
  return JSON.parse(process.argv[2] ?? 'null')
}

/** To whoever started this program. */
export function say(message: unknown): void {
  process.send?.(message)
}

/** Answers questions one by one, until nobody can ask any more. */
export function onQuestion<Q>(answer: (question: Q) => Promise<unknown>): void {
  process.on('message', async (question: Q) => say(await answer(question)))
  process.once('disconnect', () => process.exit())
}

process.once('SIGTERM', () => process.exit())
