import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'

const app = await buildTestApp(t)
const call = await documented(app)

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }

async function createLamp(): Promise<string> {
  const reply = await call({ method: 'POST', url: '/api/v1/products', payload: LAMP })
  return String(reply.headers.location)
}

t.test('a product comes with its version and a digest as a strong tag', async (t) => {
  const url = await createLamp()
  const reply = await call({ url })
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
  t.match(reply.headers.etag, /^"1-[0-9a-f]{8}"$/)
  await call({ method: 'PUT', url, payload: { ...LAMP, product_price: 99 } })
  const after = await call({ url })
  t.match(after.headers.etag, /^"2-[0-9a-f]{8}"$/)
  t.equal(after.json().product_price, 99)
})

t.test('HEAD has the headers of GET, without the body', async (t) => {
  for (const url of [
    await createLamp(),
    '/api/v1/products',
    '/api/v1/users/1',
    '/health',
    '/api/v1/products/4711'
  ]) {
    const get = await call({ url })
    const head = await call({ method: 'HEAD', url })
    t.equal(head.body, '')
    t.equal(head.statusCode, get.statusCode, url)
    const ownHeaders = { date: '', 'x-request-id': '' }
    t.strictSame({ ...head.headers, ...ownHeaders }, { ...get.headers, ...ownHeaders }, url)
  }
})

t.test('a client that has the current version gets 304', async (t) => {
  const url = await createLamp()
  const { etag } = (await call({ url })).headers
  for (const tags of [`${etag}`, `W/${etag}`, '*', `"0", ${etag}`, `"0",W/${etag}`]) {
    const reply = await call({ url, headers: { 'if-none-match': tags } })
    t.equal(reply.statusCode, 304, tags)
    t.equal(reply.headers.etag, etag)
    t.equal(reply.body, '')
    t.notOk('content-length' in reply.headers)
    t.notOk('content-type' in reply.headers)
  }
})

t.test('a client that has another version gets the product', async (t) => {
  const url = await createLamp()
  const etag = String((await call({ url })).headers.etag)
  const other = etag.replace('1', '2')
  for (const tags of [other, `W/${other}`, '"1"', '1', '""', '', etag.slice(0, -1), `w/${etag}`]) {
    t.equal((await call({ url, headers: { 'if-none-match': tags } })).statusCode, 200, tags)
  }
  await call({ method: 'PUT', url, payload: LAMP })
  t.equal((await call({ url, headers: { 'if-none-match': etag } })).statusCode, 200)
})

t.test('a product that is not there is 404, whatever the client has', async (t) => {
  for (const id of [4711, 2_147_483_647]) {
    for (const headers of [{}, { 'if-none-match': '*' }]) {
      const reply = await call({ url: `/api/v1/products/${id}`, headers })
      t.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8')
      t.strictSame(reply.json(), problem('not_found', `There is no product ${id}.`))
    }
  }
})

t.test('a value that cannot be an id is 400, on every route that takes one', async (t) => {
  const ids: [string, string][] = [
    ['0', 'must be >= 1'],
    ['-1', 'must be >= 1'],
    ['2147483648', 'must be <= 2147483647'],
    ['99999999999999999999', 'must be <= 2147483647'],
    ['1e400', 'must be <= 2147483647'],
    ['Infinity', 'must be <= 2147483647'],
    ['-Infinity', 'must be >= 1'],
    ['NaN', 'must be integer'],
    ['1.5', 'must be integer'],
    ['x', 'must be integer'],
    ['%00', 'must be integer'],
    ['null', 'must be integer'],
    ['true', 'must be integer']
  ]
  for (const [id, detail] of ids) {
    const expected = problem('invalid_request', 'The request does not match the schema.', [
      { pointer: 'id', detail }
    ])
    const url = `/api/v1/products/${id}`
    t.strictSame((await call({ url })).json(), expected, id)
    t.strictSame((await call({ method: 'PUT', url, payload: LAMP })).json(), expected, id)
    t.strictSame((await call({ method: 'DELETE', url })).json(), expected, id)
    t.strictSame((await call({ method: 'POST', url: `${url}/reprocess` })).json(), expected, id)
    t.strictSame((await call({ url: `/api/v1/users/${id}` })).json(), expected, id)
  }
})
