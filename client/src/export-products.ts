import { client as defaultClient } from './client.ts'
import type { Client } from './generated/client/index.ts'
import { type ExportLinesData, exportLines, type Product } from './generated/index.ts'
import { pause } from './pause.ts'
import { fetchOrThrow, isFinal } from './problem-error.ts'

/** With doubling waits, half a minute. */
const MAX_FAILURES = 7

/**
 * Yields all products of a user, by ascending id. A connection that is lost is resumed. Throws a
 * ProblemError if the service refuses the request, and the last error after half a minute without a
 * connection.
 */
export async function* exportProducts(
  query: NonNullable<ExportLinesData['query']> = {},
  { client = defaultClient, signal }: { client?: Client; signal?: AbortSignal } = {}
): AsyncGenerator<Product, void> {
  const options = {
    client,
    fetch: fetchOrThrow(client),
    parseAs: 'stream',
    throwOnError: true,
    ...(signal && { signal })
  } as const
  let { cursor } = query
  for (let failures = 0; ; ) {
    let failure: unknown
    try {
      const { response } = await exportLines({ ...options, query: { ...query, ...(cursor && { cursor }) } })
      for await (const line of linesOf(response)) {
        const product: Product = JSON.parse(line)
        cursor = product.id
        failures = 0
        yield product
      }
      return
    } catch (error) {
      failure = error
    }
    signal?.throwIfAborted()
    if (isFinal(failure) || ++failures === MAX_FAILURES) throw failure
    await pause(500 * 2 ** (failures - 1), signal)
  }
}

/** Yields whole lines: the last one ends with a newline, too. */
async function* linesOf({ body }: Response): AsyncGenerator<string, void> {
  let rest = ''
  const decoder = new TextDecoder()
  const reader = body?.getReader()
  try {
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
      const lines = (rest + decoder.decode(chunk.value, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    await reader?.cancel()
  }
}
