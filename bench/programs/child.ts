/** What the program was started with. */
export function options<T>(): T {
  return JSON.parse(process.argv[2] ?? 'null')
}

/** Sends a message to the process that started this program. */
export function say(message: unknown): void {
  process.send?.(message)
}

/** Responds to questions one by one, until the process that started this one is gone. */
export function onQuestion<Q>(respond: (question: Q) => Promise<unknown>): void {
  process.on('message', async (question: Q) => say(await respond(question)))
  process.once('disconnect', () => process.exit())
}

process.once('SIGTERM', () => process.exit())
