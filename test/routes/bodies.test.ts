import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'
import { PROBLEM, problem } from '../support/problem.ts'

const call = await documented(await buildTestApp(t, { LOG_LEVEL: 'silent' }))

const PRODUCT = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
const JSON_TYPE = { 'content-type': 'application/json' }

const WITH_BODY = [
  { method: 'POST', url: '/api/v1/products' },
  { method: 'PUT', url: '/api/v1/products' },
  { method: 'PUT', url: '/api/v1/products/1' },
  { method: 'POST', url: '/api/v1/users' }
] as const

t.test('a body that is not JSON is 400', async (t) => {
  for (const payload of ['{', 'null,', '{"user_id":1', '\u0000', '{"a":1}{"b":2}']) {
    for (const route of WITH_BODY) {
      const reply = await call({ ...route, payload, headers: JSON_TYPE })
      t.equal(reply.headers['content-type'], PROBLEM)
      t.strictSame(
        reply.json(),
        problem('malformed_request', "Body is not valid JSON but content-type is set to 'application/json'")
      )
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
      t.strictSame(
        reply.json(),
        problem('invalid_request', 'The request does not match the schema.', [
          { pointer: '', detail: 'must be object' }
        ])
      )
    }
  }
})

t.test('a body that is not an object is 400', async (t) => {
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
      t.strictSame(
        reply.json(),
        problem('unsupported_media_type', 'Send the body as application/json in UTF-8.')
      )
    }
  }
})

t.test('a body that is not valid UTF-8 is 400, and one in another charset is 415', async (t) => {
  const latin1 = Buffer.from('{"user_id":1,"product_name":"Größe","product_price":1}', 'latin1')
  for (const route of WITH_BODY) {
    const send = (payload: Buffer, type: string) =>
      call({ ...route, payload, headers: { 'content-type': `application/json${type}` } })
    t.strictSame(
      (await send(latin1, '')).json(),
      problem('malformed_request', 'The body is not valid UTF-8.')
    )
    for (const charset of ['iso-8859-1', 'ISO-8859-1', '"latin1"', 'utf-16', 'us-ascii', '']) {
      t.strictSame(
        (await send(latin1, `; charset=${charset}`)).json(),
        problem('unsupported_media_type', 'Send the body as application/json in UTF-8.'),
        charset
      )
    }
  }
})

t.test('a body in UTF-8 is taken under each name of that charset', async (t) => {
  for (const charset of ['', '; charset=utf-8', ';charset=UTF-8', '; charset="utf-8"', '; charset=utf8']) {
    const reply = await call({
      method: 'POST',
      url: '/api/v1/products',
      payload: JSON.stringify({ ...PRODUCT, product_name: 'Größe' }),
      headers: { 'content-type': `application/json${charset}` }
    })
    const product = await call({ url: String(reply.headers.location) })
    t.equal(product.json().product_name, 'Größe', charset)
  }
})

t.test('a body of more than a mebibyte is 413', async (t) => {
  const payload = JSON.stringify({ ...PRODUCT, product_description: 'x'.repeat(1_048_576) })
  for (const route of WITH_BODY) {
    const reply = await call({ ...route, payload, headers: JSON_TYPE })
    t.equal(reply.headers['content-type'], PROBLEM)
    t.strictSame(reply.json(), problem('body_too_large', 'Request body is too large'))
  }
})

t.test('routes without a body accept a content type', async (t) => {
  const created = await call({ method: 'POST', url: '/api/v1/products', payload: PRODUCT })
  const url = `/api/v1/products/${created.json().product_id}`
  t.equal((await call({ method: 'POST', url: `${url}/reprocess`, headers: JSON_TYPE })).statusCode, 202)
  t.equal((await call({ method: 'DELETE', url, headers: JSON_TYPE })).statusCode, 204)
})
