import { addAbortListener } from 'node:events'

/** Yields what the source yields, and requests `count` further items in advance. */
export async function* ahead<T>(source: AsyncGenerator<T, void>, count: number): AsyncGenerator<T, void> {
  const asked: Promise<IteratorResult<T, void>>[] = []
  for (;;) {
    while (asked.length <= count) {
      const next = source.next()
      // It is awaited only after a yield, or never: until then a rejection must not count as unhandled.
      next.catch(() => undefined)
      asked.push(next)
    }
    const result = await asked.shift()
    if (!result || result.done) return
    yield result.value
  }
}

/**
 * Yields what the source yields until the signal is aborted, also while it waits for the source, which is
 * then left as it is.
 */
export async function* until<T>(signal: AbortSignal, source: AsyncIterable<T>): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]()
  while (!signal.aborted) {
    const { promise: end, resolve } = Promise.withResolvers<IteratorReturnResult<undefined>>()
    using _listener = addAbortListener(signal, () => resolve({ done: true, value: undefined }))
    const next = await Promise.race([iterator.next(), end])
    if (next.done) return
    yield next.value
  }
}
