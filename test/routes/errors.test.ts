import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { buildTestApp, LogStream } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'
import { PROBLEM, problem } from '../support/problem.ts'

const log = new LogStream()
const variables = { LOG_LEVEL: 'error', MAX_EVENT_STREAMS: '0', CORS_ORIGIN: '*' }
const app = await buildTestApp(t, variables, { logger: { level: 'error', stream: log } })
const call = await documented(app)

const PRODUCT = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
const JSON_TYPE = { 'content-type': 'application/json' }

t.test('a path that is not there is 404, whatever the method', async (t) => {
  for (const url of [
    '/api/v1',
    '/api/v1/product',
    '/api/v1/products/1/x',
    '/media/none.jpg',
    '/documentation/x'
  ]) {
    const reply = await app.inject({ url: `${url}?secret=1` })
    t.equal(reply.headers['content-type'], PROBLEM, url)
    t.strictSame(reply.json(), problem('not_found', `No route for GET ${url}.`))
  }
  for (const method of ['PATCH', 'DELETE', 'TRACE'] as const) {
    const reply = await app.inject({ method, url: '/api/v1/products' })
    t.equal(reply.headers['content-type'], PROBLEM, method)
    t.strictSame(reply.json(), problem('not_found', `No route for ${method} /api/v1/products.`))
  }
})

t.test("a slash at a path's end is ignored", async (t) => {
  const created = await call({ method: 'POST', url: '/api/v1/products/', payload: PRODUCT })
  t.equal(created.statusCode, 201)
  for (const url of ['/health/', '/api/v1/products/', `${created.headers.location}/`, '/api/v1/users/1/']) {
    t.equal((await app.inject(url)).statusCode, 200, url)
  }
})

t.test('a URL that cannot be decoded is 400', async (t) => {
  const reply = await app.inject('/api/v1/products/%')
  t.equal(reply.headers['content-type'], PROBLEM)
  t.strictSame(
    reply.json(),
    problem('malformed_request', "'/api/v1/products/%' is not a valid url component")
  )
})

t.test('a parameter longer than any id is 414', async (t) => {
  const reply = await app.inject(`/api/v1/products/${'1'.repeat(3061)}`)
  t.equal(reply.headers['content-type'], PROBLEM)
  t.match(reply.json(), { title: 'URI Too Long', status: 414, code: 'url_too_long' })
})

t.test('bytes that are not HTTP get a problem, too', async (t) => {
  const { port } = new URL(await app.listen({ port: 0 }))
  const cases = [
    { request: 'nonsense\r\n\r\n', expected: problem('malformed_request', 'Malformed HTTP request.') },
    {
      request: `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      expected: problem('headers_too_large', 'The headers are too large.')
    }
  ]
  for (const { request, expected } of cases) {
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(request)
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    t.match(head, new RegExp(`^HTTP/1.1 ${expected.status} ${expected.title}\r\n`))
    t.match(head, /content-type: application\/problem\+json/i)
    t.strictSame(JSON.parse(body), expected)
  }
})

t.test('every violation is named, not only the first', async (t) => {
  const reply = await call({
    method: 'POST',
    url: '/api/v1/products',
    payload: {
      user_id: '1',
      product_name: '',
      product_description: 7,
      product_images: [1, 'http://a.example/', '']
    }
  })
  t.strictSame(
    reply.json(),
    problem('invalid_request', 'The request does not match the schema.', [
      { pointer: '/user_id', detail: 'must be integer' },
      { pointer: '/product_name', detail: 'must NOT have fewer than 1 characters' },
      { pointer: '/product_description', detail: 'must be string or null' },
      { pointer: '/product_images/0', detail: 'must be string' },
      { pointer: '/product_images/2', detail: 'must NOT have fewer than 1 characters' }
    ])
  )
  const list = await call({ url: '/api/v1/products?user_id=x&limit=0&min_price=-1&image_status=lost' })
  t.strictSame(
    list.json().errors.map(({ pointer }: { pointer: string }) => pointer),
    ['user_id', 'min_price', 'image_status', 'limit']
  )
})

t.test('a mebibyte of violations costs no more than a hundred of them', async (t) => {
  const payload = `{"user_id":0,"product_name":"x","product_price":1,"product_images":[${'1,'.repeat(500_000)}1]}`
  const started = process.cpuUsage()
  const reply = await call({ method: 'POST', url: '/api/v1/products', payload, headers: JSON_TYPE })
  const { user, system } = process.cpuUsage(started)
  const { errors } = reply.json()
  t.equal(errors.length, 100)
  t.match(errors, [
    { pointer: '/user_id', detail: 'must be >= 1' },
    { pointer: '/product_images', detail: 'must NOT have more than 1000 items' }
  ])
  t.ok((user + system) / 1000 < 250, `${(user + system) / 1000} ms of CPU`)
})

t.test('an internal error is 500: callers learn nothing, the log sees it', async (t) => {
  await app.pg.query('ALTER TABLE users RENAME TO moved')
  t.teardown(() => app.pg.query('ALTER TABLE moved RENAME TO users'))
  const reply = await app.inject('/api/v1/users/1')
  t.equal(reply.headers['content-type'], PROBLEM)
  t.strictSame(reply.json(), problem('internal', 'Internal error.'))
  t.match(log.entries.at(-1), {
    msg: 'Request failed',
    err: { message: 'relation "users" does not exist' }
  })
})

t.test('a refusal logs no error and no stack', async (t) => {
  const logged = log.entries.length
  const { product_id } = (
    await call({
      method: 'POST',
      url: '/api/v1/products',
      payload: { ...PRODUCT, product_images: ['http://a.example/'] }
    })
  ).json()
  const refused = await call({ url: `/api/v1/products/${product_id}/events` })
  t.match(refused.json(), { status: 503 })
  t.equal(refused.headers['retry-after'], '2')
  t.strictSame(log.entries.slice(logged), [])
})

t.test('browsers may read errors, too', async (t) => {
  const reply = await app.inject({ url: '/nothing', headers: { origin: 'https://shop.example' } })
  t.equal(reply.headers['access-control-allow-origin'], '*')
})
