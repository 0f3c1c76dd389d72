import type { Client } from './generated/client/index.ts'
import { client as defaultClient } from './generated/client.gen.ts'
import { type ListProductsData, listProducts, type Product } from './generated/index.ts'
import { fetchOrThrow } from './problem-error.ts'

type Query = NonNullable<ListProductsData['query']>

/**
 * Yields every product that matches the filter, newest first, page by page. `limit` is the page size.
 * Throws a ProblemError if the service refuses the request.
 */
export async function* allProducts(
  filter: Omit<Query, 'cursor'> = {},
  { client = defaultClient, signal }: { client?: Client; signal?: AbortSignal } = {}
): AsyncGenerator<Product, void> {
  const options = {
    client,
    fetch: fetchOrThrow(client),
    throwOnError: true,
    ...(signal && { signal })
  } as const
  let query: Query = filter
  for (;;) {
    const { data, response } = await listProducts({ ...options, query })
    yield* data
    const cursor = cursorOf(response.headers.get('link'))
    if (cursor === null) return
    query = { ...filter, cursor }
  }
}

/** Returns the cursor of `<…?cursor=…>; rel="next"`. Behind a proxy the URL itself may not be reachable. */
function cursorOf(link: string | null): string | null {
  const [, next] = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '') ?? []
  return next === undefined ? null : new URL(next, 'http://localhost').searchParams.get('cursor')
}
