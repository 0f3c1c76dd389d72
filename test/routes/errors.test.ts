import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { buildTestApp, LogStream } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'

const log = new LogStream()
const app = await buildTestApp(t, { LOG_LEVEL: 'error' }, { logger: { level: 'error', stream: log } })
const call = await documented(app)

const PRODUCT = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
const PROBLEM = 'application/problem+json; charset=utf-8'
const JSON_TYPE = { 'content-type': 'application/json' }

const WITH_BODY = [
  { method: 'POST', url: '/api/v1/products' },
  { method: 'PUT', url: '/api/v1/products' },
  { method: 'PUT', url: '/api/v1/products/1' },
  { method: 'POST', url: '/api/v1/users' }
] as const

t.test('what is not there is 404, whatever the method', async (t) => {
  for (const url of [
    '/',
    '/api/v1',
    '/api/v1/product',
    '/api/v1/products/1/x',
    '/media/none.jpg',
    '/documentation/x'
  ]) {
    const reply = await app.inject({ url: `${url}?secret=1` })
    t.equal(reply.headers['content-type'], PROBLEM, url)
    t.strictSame(reply.json(), {
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: `There is nothing at GET ${url}.`
    })
  }
  for (const method of ['PATCH', 'DELETE', 'TRACE'] as const) {
    const reply = await app.inject({ method, url: '/api/v1/products' })
    t.equal(reply.headers['content-type'], PROBLEM, method)
    t.strictSame(reply.json(), {
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: `There is nothing at ${method} /api/v1/products.`
    })
  }
})

t.test('a URL that cannot be decoded is 400', async (t) => {
  const reply = await app.inject('/api/v1/products/%')
  t.equal(reply.headers['content-type'], PROBLEM)
  t.strictSame(reply.json(), {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: "'/api/v1/products/%' is not a valid url component"
  })
})

t.test('a parameter that no id can be as long as is 414', async (t) => {
  const reply = await app.inject(`/api/v1/products/${'1'.repeat(101)}`)
  t.equal(reply.headers['content-type'], PROBLEM)
  t.match(reply.json(), { type: 'about:blank', title: 'URI Too Long', status: 414 })
})

t.test('what is no HTTP is answered with a problem, too', async (t) => {
  const { port } = new URL(await app.listen({ port: 0 }))
  const answers = [
    { request: 'nonsense\r\n\r\n', status: 400, title: 'Bad Request' },
    {
      request: `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      status: 431,
      title: 'Request Header Fields Too Large'
    }
  ]
  for (const { request, status, title } of answers) {
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(request)
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    t.match(head, new RegExp(`^HTTP/1.1 ${status} ${title}\r\n`))
    t.match(head, /content-type: application\/problem\+json/i)
    t.match(JSON.parse(body), { type: 'about:blank', title, status })
  }
})

t.test('a body that is no JSON is 400', async (t) => {
  for (const payload of ['{', 'null,', '{"user_id":1', '\u0000', '{"a":1}{"b":2}']) {
    for (const route of WITH_BODY) {
      const reply = await call({ ...route, payload, headers: JSON_TYPE })
      t.equal(reply.headers['content-type'], PROBLEM)
      t.strictSame(reply.json(), {
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        detail: "Body is not valid JSON but content-type is set to 'application/json'"
      })
    }
  }
})

t.test('a body that should reach into prototypes is 400', async (t) => {
  for (const key of ['"__proto__":{"admin":true}', '"constructor":{"prototype":{"admin":true}}']) {
    const payload = `{${key},"user_id":1,"product_name":"x","product_price":1}`
    const reply = await call({ method: 'POST', url: '/api/v1/products', payload, headers: JSON_TYPE })
    t.equal(reply.statusCode, 400)
  }
  t.notOk('admin' in {})
})

t.test('no body is 400, with a content type or without one', async (t) => {
  for (const route of WITH_BODY) {
    for (const headers of [{}, JSON_TYPE]) {
      const reply = await call({ ...route, headers })
      t.strictSame(reply.json(), {
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        detail: 'The request does not fit.',
        errors: [{ pointer: '', detail: 'must be object' }]
      })
    }
  }
})

t.test('a body that is no object is 400', async (t) => {
  for (const payload of ['null', '[]', '1', '"text"', 'true']) {
    const reply = await call({ method: 'POST', url: '/api/v1/products', payload, headers: JSON_TYPE })
    t.equal(reply.statusCode, 400, payload)
    t.strictSame(reply.json().errors, [{ pointer: '', detail: 'must be object' }])
  }
})

t.test('another content type is 415', async (t) => {
  for (const type of [
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data'
  ]) {
    for (const route of WITH_BODY) {
      const reply = await call({ ...route, payload: 'user_id=1', headers: { 'content-type': type } })
      t.equal(reply.headers['content-type'], PROBLEM)
      t.strictSame(reply.json(), {
        type: 'about:blank',
        title: 'Unsupported Media Type',
        status: 415,
        detail: 'Send the body as application/json.'
      })
    }
  }
})

t.test('a body of more than a mebibyte is 413', async (t) => {
  const payload = JSON.stringify({ ...PRODUCT, product_description: 'x'.repeat(1_048_576) })
  for (const route of WITH_BODY) {
    const reply = await call({ ...route, payload, headers: JSON_TYPE })
    t.equal(reply.headers['content-type'], PROBLEM)
    t.strictSame(reply.json(), {
      type: 'about:blank',
      title: 'Payload Too Large',
      status: 413,
      detail: 'Request body is too large'
    })
  }
})

t.test('routes without a body do not mind a content type', async (t) => {
  const created = await call({ method: 'POST', url: '/api/v1/products', payload: PRODUCT })
  const url = `/api/v1/products/${created.json().product_id}`
  t.equal((await call({ method: 'POST', url: `${url}/reprocess`, headers: JSON_TYPE })).statusCode, 202)
  t.equal((await call({ method: 'DELETE', url, headers: JSON_TYPE })).statusCode, 204)
})

t.test('an error of our own is 500: strangers learn nothing, the log sees it', async (t) => {
  await app.pg.query('ALTER TABLE users RENAME TO moved')
  t.teardown(() => app.pg.query('ALTER TABLE moved RENAME TO users'))
  const reply = await app.inject('/api/v1/users/1')
  t.equal(reply.headers['content-type'], PROBLEM)
  t.strictSame(reply.json(), {
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    detail: 'Internal error.'
  })
  t.match(log.entries.at(-1), {
    msg: 'Request failed',
    err: { message: 'relation "users" does not exist' }
  })
})

t.test('browsers may read errors, too', async (t) => {
  const reply = await app.inject({ url: '/nothing', headers: { origin: 'https://shop.example' } })
  t.equal(reply.headers['access-control-allow-origin'], '*')
})
