import { addAbortListener } from 'node:events'

/** Yields what the source yields, and asks it for the next before that is wanted. */
export async function* ahead<T>(source: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  let next = source.next()
  for (;;) {
    const { done, value } = await next
    if (done) return
    next = source.next()
    // It is awaited after the yield, or not at all.
    next.catch(() => undefined)
    yield value
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
