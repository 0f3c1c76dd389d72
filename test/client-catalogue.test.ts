import t from 'tap'
import {
  createClient,
  createProduct,
  exportProducts,
  importProducts,
  listProducts,
  type Product,
  type ProductUpsert,
  waitForImages
} from '../client/src/index.ts'
import { buildTestApp } from './support/app.ts'

const app = await buildTestApp(t)
const baseUrl = await app.listen({ port: 0 })

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** A client whose requests go through `change`, which may lose a response. */
function clientThrough(change: (response: Response, nth: number) => Response | Promise<Response>) {
  const requests: Request[] = []
  const client = createClient({
    baseUrl,
    fetch: async (...request) => {
      const sent = new Request(...request)
      requests.push(sent.clone())
      return await change(await fetch(sent), requests.length)
    }
  })
  return { client, requests }
}

const refused = (status: number) => new Response('{}', { status, headers: { 'retry-after': '0' } })

t.test('a request that is refused for now is sent again, under the same Idempotency-Key', async (t) => {
  const statuses = [429, 503]
  const { client, requests } = clientThrough((response, nth) => {
    const status = statuses[nth - 1]
    return status ? refused(status) : response
  })
  const { data } = await createProduct({ client, body: LAMP, throwOnError: true })
  const keys = requests.map(({ headers }) => headers.get('idempotency-key'))
  t.match(keys, [/^[0-9a-f]{32}$/, keys[0], keys[0]])
  t.strictSame(
    (await listProducts({ client })).data?.map(({ id }) => id),
    [data.product_id]
  )
  await createProduct({ client, body: LAMP, throwOnError: true })
  t.not(requests.at(-1)?.headers.get('idempotency-key'), keys[0])
})

t.test('a refusal that a retry would not change is not repeated', async (t) => {
  for (const response of [new Response('{}', { status: 503 }), new Response('{}', { status: 422 })]) {
    const { client, requests } = clientThrough(() => response.clone())
    t.equal((await createProduct({ client, body: LAMP })).response?.status, response.status)
    t.equal(requests.length, 1)
  }
})

t.test('products are imported in batches, and each has its result', async (t) => {
  const { client, requests } = clientThrough((response) => response)
  const products = Array.from(
    { length: 8500 },
    (_, n): ProductUpsert => ({
      external_id: `import-${n}`,
      ...(n === 1700 && { product_price: -1 })
    })
  )
  const results = await collect(importProducts(products, { client }))
  t.strictSame(
    results.map(({ line, product }) => [line, product]),
    products.map((product, n) => [n + 1, product])
  )
  t.match(results[1700], { status: 400, code: 'invalid_request', errors: [{ pointer: '/product_price' }] })
  t.equal(results.filter(({ status }) => status === 201).length, 8499)
  t.equal(requests.length, 3)
})

t.test('a batch whose response is lost is sent again, and nothing is created twice', async (t) => {
  const { client, requests } = clientThrough((response, nth) => (nth === 1 ? broken(response) : response))
  async function* products() {
    for (const product_name of ['lost', 'lost too']) yield { product_name, user_id: 1 }
    yield '{"product_name": "as JSON"}'
    yield '{"product_name": '
  }
  const results = await collect(importProducts(products(), { client }))
  t.match(results, [
    { status: 201 },
    { status: 201 },
    { status: 201 },
    { status: 400, product: '{"product_name": ' }
  ])
  t.equal(requests.length, 2)
  const found = await listProducts({ client, query: { product_name: 'lost' } })
  t.equal(found.data?.length, 2)
})

/** Breaks off after some bytes of the response. */
function broken(response: Response): Response {
  const breaker = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, 5000))
      controller.error(new TypeError('terminated'))
    }
  })
  return new Response(response.body?.pipeThrough(breaker), response)
}

t.test('an import throws the problem if all of it is refused, and can be ended', async (t) => {
  const { client } = clientThrough(() => new Response('{"status": 401, "detail": "No."}', { status: 401 }))
  await t.rejects(collect(importProducts([LAMP], { client })), {
    name: 'ProblemError',
    problem: { status: 401 }
  })
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  await t.rejects(collect(importProducts([LAMP], { client: createClient({ baseUrl }), signal })), reason)
})

t.test('a client without an address fails at once, and says so', async (t) => {
  const said = { name: 'TypeError', message: /^"(catalogue)?" is no address of a service: set baseUrl/ }
  await t.rejects(collect(importProducts([LAMP])), said)
  await t.rejects(collect(exportProducts()), said)
  await t.rejects(waitForImages(1, { client: createClient({ baseUrl: 'catalogue' }) }), said)
})

t.test('an export goes on where a connection was lost', async (t) => {
  const plain = createClient({ baseUrl })
  const all = await collect(exportProducts({}, { client: plain }))
  t.ok(all.length > 8499)
  const { client, requests } = clientThrough((response, nth) => (nth < 3 ? broken(response) : response))
  const exported: Product[] = await collect(exportProducts({ user_id: 1 }, { client }))
  t.strictSame(exported, all)
  t.equal(requests.length, 3)
  const cursor = all[10]?.id ?? 0
  t.strictSame(await collect(exportProducts({ cursor }, { client: plain })), all.slice(11))
})
