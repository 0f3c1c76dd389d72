import type { InjectOptions } from 'fastify'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'

const app = await buildTestApp(t)

type Result = Record<string, unknown>

async function send(target: typeof app, payload: string | Buffer, options: Partial<InjectOptions> = {}) {
  const headers = { 'content-type': 'application/x-ndjson', ...options.headers }
  return await target.inject({ method: 'POST', url: '/api/v1/products/import', payload, ...options, headers })
}

const linesOf = (text: string): Result[] =>
  text.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))
const ndjson = (products: object[]) => products.map((product) => JSON.stringify(product)).join('\n')

async function importAll(products: object[], headers = {}): Promise<Result[]> {
  return linesOf((await send(app, ndjson(products), { headers })).body)
}

const find = async (externalId: string) =>
  (await app.inject(`/api/v1/products?external_id=${externalId}`)).json()[0]

t.test('each line has its result, in their order', async (t) => {
  const products = Array.from({ length: 400 }, (_, n) => ({ external_id: `many-${n}`, product_price: n }))
  const created = await importAll(products)
  t.strictSame(
    created.map(({ line, status }) => [line, status]),
    products.map((_, n) => [n + 1, 201])
  )
  t.match(await find('many-123'), {
    id: created[123]?.product_id,
    user_id: 1,
    product_name: 'many-123',
    product_price: 123
  })
  const again = await importAll(products)
  t.strictSame(
    again,
    created.map((result) => ({ ...result, status: 200 }))
  )
})

t.test('a product that is the same is not written again, and one that differs is', async (t) => {
  await importAll([{ external_id: 'a' }, { external_id: 'b' }])
  const [a, b] = [await find('a'), await find('b')]
  t.match(await importAll([{ external_id: 'a' }, { external_id: 'b', product_price: 2 }]), [
    { status: 200, product_id: a.id },
    { status: 200, product_id: b.id }
  ])
  t.strictSame(await find('a'), a)
  t.match(await find('b'), { id: b.id, product_price: 2 })
})

t.test('of lines with the same external id the last one wins', async (t) => {
  const prices = Array.from({ length: 300 }, (_, n) => n)
  const results = await importAll(prices.map((product_price) => ({ external_id: 'same', product_price })))
  t.strictSame(new Set(results.map(({ product_id }) => product_id)).size, 1)
  t.strictSame(
    results.map(({ status }) => status),
    prices.map((n) => (n ? 200 : 201))
  )
  t.equal((await find('same')).product_price, 299)
})

t.test('a line that is refused says why, and stops nothing', async (t) => {
  const lines = [
    '{"external_id": "first"}',
    '{"external_id": "second"',
    '[1]',
    '',
    '{"product_price": -1, "external_id": ""}',
    '{"product_price": 1}',
    '{"external_id": "third", "product_images": ["ftp://a.example/1.jpg", "http://10.0.0.1/"]}',
    '{"external_id": "fourth", "user_id": 4711}',
    '{"__proto__": {}, "external_id": "fifth"}',
    '{"external_id": "last"}'
  ]
  const schema = 'The request does not match the schema.'
  const notJson = { status: 400, code: 'malformed_request', error: 'The line is not valid JSON.' }
  t.match(linesOf((await send(app, lines.join('\r\n'))).body), [
    { line: 1, status: 201, product_id: Number },
    { line: 2, ...notJson },
    { line: 3, status: 400, code: 'invalid_request', errors: [{ pointer: '', detail: 'must be object' }] },
    {
      line: 5,
      status: 400,
      error: schema,
      errors: [{ pointer: '/external_id' }, { pointer: '/product_price' }]
    },
    {
      line: 6,
      status: 400,
      errors: [{ pointer: '/product_name', detail: 'is required without an external_id' }]
    },
    {
      line: 7,
      status: 422,
      code: 'invalid_input',
      errors: [{ pointer: '/product_images/0' }, { pointer: '/product_images/1' }]
    },
    { line: 8, status: 422, code: 'unknown_user', errors: [{ pointer: '/user_id' }] },
    { line: 9, ...notJson },
    { line: 10, status: 201 }
  ])
})

t.test('unknown fields are ignored, or refused under Prefer: handling=strict', async (t) => {
  const products = [{ external_id: 'strict', colour: 'red' }]
  t.match(await importAll(products), [{ status: 201 }])
  t.match(await importAll(products, { prefer: 'handling=strict' }), [
    { status: 400, code: 'invalid_request', errors: [{ pointer: '/colour' }] }
  ])
})

t.test('products without an external id are created once under an Idempotency-Key', async (t) => {
  const products = [{ product_name: 'one' }, { product_name: 'two' }]
  const headers = { 'idempotency-key': 'an import' }
  const first = await importAll(products, headers)
  t.match(first, [{ status: 201 }, { status: 201 }])
  t.strictSame(await importAll(products, headers), first)
  t.not((await importAll(products))[0]?.product_id, first[0]?.product_id)
})

t.test('the images come due as bulk work', async (t) => {
  const [result] = await importAll([{ external_id: 'bulk', product_images: ['https://a.example/1.jpg'] }])
  const { rows } = await app.pg.query('SELECT class FROM outbox WHERE product_id = $1', [result?.product_id])
  t.strictSame(rows, [{ class: 1 }])
})

t.test('an empty import has an empty response, and another type of body is refused', async (t) => {
  const empty = await send(app, '')
  t.strictSame(
    [empty.statusCode, empty.headers['content-type'], empty.body],
    [200, 'application/x-ndjson', '']
  )
  for (const type of ['application/ndjson', 'application/jsonl'])
    t.equal((await send(app, '', { headers: { 'content-type': type } })).statusCode, 200)
  t.match((await send(app, '{}', { headers: { 'content-type': 'application/json' } })).json(), {
    status: 415,
    detail: 'Send the body as application/x-ndjson.'
  })
})

t.test('a line is for a user that the caller acts for', async (t) => {
  const [all, ada] = ['key-for-all-users', 'key-for-ada-only-x']
  const guarded = await buildTestApp(t, { API_KEYS: `${all},${ada}:2` })
  const user = { method: 'POST', url: '/api/v1/users', headers: { 'x-api-key': all } } as const
  await guarded.inject({ ...user, payload: { username: 'ada' } })
  const results = async (key: string) => {
    const products = [{ external_id: 'x' }, { external_id: 'x', user_id: 1 }]
    return linesOf((await send(guarded, ndjson(products), { headers: { 'x-api-key': key } })).body)
  }
  t.match(await results(ada), [
    { status: 201 },
    { status: 403, code: 'forbidden', errors: [{ pointer: '/user_id' }] }
  ])
  t.match(await results(all), [{ status: 400, errors: [{ pointer: '/user_id' }] }, { status: 201 }])
  t.equal((await send(guarded, '')).statusCode, 401)
})
