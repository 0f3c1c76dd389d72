import { client as defaultClient } from './client.ts'
import type { Client } from './generated/client/index.ts'
import { type ImportResult, importLines, type ProductUpsert } from './generated/index.ts'
import { pause } from './pause.ts'
import { fetchOrThrow, isFinal } from './problem-error.ts'
import { newKey } from './retries.ts'

const BATCH_LINES = 4000
const BATCH_CHARACTERS = 2_000_000
/** With doubling waits, two minutes. */
const MAX_ATTEMPTS = 8

interface ImportOptions {
  client?: Client
  /** Ends the import; what was sent stays. */
  signal?: AbortSignal
}

/** What became of a product: 201 it was created, 200 it was replaced, or `error` says why it was refused. */
export type ImportedProduct<T> = ImportResult & { product: T }

/**
 * Creates or replaces products, and yields what became of each, in their order. A product is an object or
 * its JSON. They are sent in batches, and a batch that was not written is sent again; nothing is created
 * twice. Throws a ProblemError if the service refuses all of them, and the last error after two minutes
 * without a response.
 */
export async function* importProducts<T extends ProductUpsert | string>(
  products: Iterable<T> | AsyncIterable<T>,
  options: ImportOptions = {}
): AsyncGenerator<ImportedProduct<T>, void> {
  let line = 0
  for await (const batch of batches(products)) {
    const results = await send(batch.lines, options)
    for (const [index, product] of batch.products.entries()) {
      const result = results.get(index + 1)
      if (result) yield { ...result, line: ++line, product }
    }
  }
}

interface Batch<T> {
  products: T[]
  lines: string[]
}

async function* batches<T extends ProductUpsert | string>(
  products: Iterable<T> | AsyncIterable<T>
): AsyncGenerator<Batch<T>, void> {
  let batch: Batch<T> = { products: [], lines: [] }
  let characters = 0
  for await (const product of products) {
    const line = typeof product === 'string' ? product : JSON.stringify(product)
    const isFull = batch.lines.length === BATCH_LINES || characters + line.length > BATCH_CHARACTERS
    if (isFull && batch.lines.length > 0) {
      yield batch
      batch = { products: [], lines: [] }
      characters = 0
    }
    batch.products.push(product)
    batch.lines.push(line)
    characters += line.length
  }
  if (batch.lines.length > 0) yield batch
}

/** Resolves with the result of each line. */
async function send(
  lines: string[],
  { client = defaultClient, signal }: ImportOptions
): Promise<Map<number, ImportResult>> {
  const results = new Map<number, ImportResult>()
  const request = {
    client,
    body: lines.join('\n'),
    bodySerializer: null,
    headers: { 'idempotency-key': newKey() },
    fetch: fetchOrThrow(client),
    parseAs: 'text',
    throwOnError: true,
    ...(signal && { signal })
  } as const
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === MAX_ATTEMPTS
    let failure: unknown
    try {
      const { data } = await importLines(request)
      for (const result of resultsOf(String(data))) {
        const isKnown = results.has(result.line) || (isTemporary(result) && !isLast)
        if (!isKnown) results.set(result.line, result)
      }
    } catch (error) {
      signal?.throwIfAborted()
      failure = error
      if (isFinal(error)) throw error
    }
    if (results.size === lines.length) return results
    if (isLast) throw failure ?? new Error('The response of the import is incomplete')
    await pause(500 * 2 ** attempt, signal)
  }
}

const resultsOf = (text: string): ImportResult[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))

const isTemporary = ({ status, code }: ImportResult) =>
  status === 429 || status === 503 || code === 'in_flight'
