import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'

const app = await buildTestApp(t)

interface Exported {
  id: number
  external_id: string
}

const linesOf = (text: string): Exported[] =>
  text.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))
const exported = async (query = '', target = app, headers = {}) =>
  linesOf((await target.inject({ url: `/api/v1/products/export${query}`, headers })).body)

const importAll = (target: typeof app, products: object[], headers = {}) =>
  target.inject({
    method: 'POST',
    url: '/api/v1/products/import',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    payload: products.map((product) => JSON.stringify(product)).join('\n')
  })

const PRODUCTS = Array.from({ length: 1201 }, (_, n) => ({ external_id: `sku-${n}`, metadata: { n } }))

t.test('an export has every product, as the route of a single product has it', async (t) => {
  const imported = linesOf((await importAll(app, PRODUCTS)).body)
  t.equal(imported.filter((line) => 'product_id' in line).length, PRODUCTS.length)
  const products = await exported()
  t.strictSame(
    products.map(({ external_id }) => external_id).sort(),
    PRODUCTS.map(({ external_id }) => external_id).sort()
  )
  const ids = products.map(({ id }) => id)
  t.strictSame(
    ids,
    ids.toSorted((a, b) => a - b)
  )
  for (const product of [products[0], products.at(-1)])
    t.strictSame(product, (await app.inject(`/api/v1/products/${product?.id}`)).json())
  t.strictSame(await exported(`?cursor=${products[700]?.id}`), products.slice(701))
  t.strictSame(await exported(`?cursor=${products.at(-1)?.id}`), [])
  t.strictSame(await exported('?user_id=4711'), [])
})

t.test('an export imported again changes nothing', async (t) => {
  const before = await exported()
  const { body } = await importAll(app, before)
  t.strictSame(
    [...new Set(linesOf(body).map((line) => JSON.stringify({ ...line, line: 0, product_id: 0 })))],
    ['{"line":0,"status":200,"product_id":0}']
  )
  t.strictSame(await exported(), before)
})

t.test('a caller exports the products of its user', async (t) => {
  const [all, ada] = ['key-for-all-users', 'key-for-ada-only-x'].map((key) => ({ 'x-api-key': key }))
  const guarded = await buildTestApp(t, { API_KEYS: `${all?.['x-api-key']},${ada?.['x-api-key']}:2` })
  await guarded.inject({
    method: 'POST',
    url: '/api/v1/users',
    headers: all ?? {},
    payload: { username: 'ada' }
  })
  await importAll(
    guarded,
    [
      { external_id: 'one', user_id: 1 },
      { external_id: 'two', user_id: 2 }
    ],
    all
  )
  const ids = async (query: string, headers = {}) =>
    (await exported(query, guarded, headers)).map(({ external_id }) => external_id)
  t.strictSame(await ids('', all), ['one', 'two'])
  t.strictSame(await ids('', ada), ['two'])
  t.strictSame(await ids('?user_id=1', all), ['one'])
  const url = '/api/v1/products/export?user_id=1'
  t.equal((await guarded.inject({ url, headers: ada ?? {} })).statusCode, 403)
})

t.test('a stop breaks an export off, so that nobody takes it for complete', async (t) => {
  const stopped = await buildTestApp(t)
  const text = 'x'.repeat(90_000)
  await importAll(
    stopped,
    Array.from({ length: 10 }, (_, n) => ({ external_id: `${n}`, product_description: text }))
  )
  for (let n = 0; n < 20; n++)
    await stopped.pg.query(`INSERT INTO products (user_id, product_name, product_description, product_price, version)
      SELECT 1, 'copy', product_description, 1, 1 FROM products LIMIT 20`)
  const url = await stopped.listen({ port: 0 })
  const request = httpRequest(`${url}/api/v1/products/export`)
  request.end()
  const [response] = await once(request, 'response')
  const closed = stopped.close()
  await t.rejects(response.resume().toArray(), { code: 'ECONNRESET' })
  await closed
})
