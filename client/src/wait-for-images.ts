import type { Client } from './generated/client/index.ts'
import { client as defaultClient } from './generated/client.gen.ts'
import { type Product, watchProduct } from './generated/index.ts'
import { pause } from './pause.ts'
import { fetchOrThrow, isFinal } from './problem-error.ts'

const FIRST_RETRY_MS = 500
/** With doubling waits this takes about half a minute. */
const MAX_FAILURES = 7

export interface WaitOptions {
  client?: Client
  /** Ends the wait; the promise rejects with the signal's reason. */
  signal?: AbortSignal
}

/**
 * Resolves with the product once none of its images is pending, as reported by server-sent events. A lost
 * connection is resumed. Rejects with a ProblemError if the service refuses the request (404: no such
 * product, or it was deleted), and with the last error after half a minute without a connection.
 * @param onChange called with the product at once, and at each change of its images
 */
export async function waitForImages(
  productId: number,
  { onChange, ...options }: WaitOptions & { onChange?: (product: Product) => void } = {}
): Promise<Product> {
  for await (const product of productChanges(productId, options)) {
    onChange?.(product)
    if (product.image_status !== 'pending') return product
  }
  throw new Error('The changes of a product end when no image is pending')
}

/** Yields the product at once and at each change until no image is pending. Throws like `waitForImages`. */
export async function* productChanges(
  productId: number,
  { client = defaultClient, signal }: WaitOptions = {}
): AsyncGenerator<Product, void> {
  let lastEventId: number | undefined
  let failures = 0
  for (;;) {
    const connection = new AbortController()
    let failure: unknown
    const { stream } = await watchProduct({
      client,
      path: { id: productId },
      headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
      signal: signal ? AbortSignal.any([signal, connection.signal]) : connection.signal,
      fetch: fetchOrThrow(client),
      sseMaxRetryAttempts: 1,
      onSseError: (error) => {
        failure = error
      },
      onSseEvent: ({ id }) => {
        if (id !== undefined) lastEventId = Number(id)
      }
    })
    try {
      for await (const product of stream) {
        // The product was deleted: the next connection responds with 404.
        if (!product) break
        failures = 0
        yield product
        if (product.image_status !== 'pending') return
      }
    } finally {
      connection.abort()
    }
    signal?.throwIfAborted()
    if (isFinal(failure) || (failure && ++failures === MAX_FAILURES)) throw failure
    if (failure) await pause(FIRST_RETRY_MS * 2 ** (failures - 1), signal)
  }
}
