import t from 'tap'
import { buildTestApp } from '../../support/app.ts'

const local = await buildTestApp(t)
const CREATE = {
  method: 'POST',
  url: '/api/v1/products',
  payload: { user_id: 1, product_name: 'Lamp', product_price: 1 }
} as const
/** A simple request: browsers send it without a preflight. */
const REPROCESS = { method: 'POST', url: '/api/v1/products/1/reprocess' } as const

type Headers = Record<string, string>
const status = async (request: typeof CREATE | typeof REPROCESS, headers: Headers, app = local) =>
  (await app.inject({ ...request, headers: { host: 'localhost:8080', ...headers } })).statusCode

t.test('pages of other origins change nothing in a local service without credentials', async (t) => {
  t.equal(await status(CREATE, {}), 201, 'no browser')
  t.equal(await status(CREATE, { origin: 'http://localhost:8080' }), 201, 'its own page')
  t.equal(await status(CREATE, { 'sec-fetch-site': 'same-origin' }), 201)
  const foreign: Headers[] = [
    { origin: 'https://evil.example' },
    { origin: 'http://localhost:3000' },
    { origin: 'http://localhost' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' }
  ]
  for (const headers of foreign) {
    t.equal(await status(CREATE, headers), 403, JSON.stringify(headers))
    t.equal(await status(REPROCESS, headers), 403, JSON.stringify(headers))
  }
  const refused = await local.inject({ ...REPROCESS, headers: { origin: 'https://evil.example' } })
  t.match(refused.json(), { code: 'forbidden', detail: /CORS_ORIGIN/ })
})

t.test('pages of other origins read nothing there, except images', async (t) => {
  const headers = { origin: 'https://evil.example' }
  for (const url of ['/api/v1/products', '/health', '/metrics', '/openapi.json']) {
    const reply = await local.inject({ url, headers })
    t.notOk('access-control-allow-origin' in reply.headers, url)
  }
  const preflight = await local.inject({
    method: 'OPTIONS',
    url: '/api/v1/products',
    headers: { ...headers, 'access-control-request-method': 'POST' }
  })
  t.notOk('access-control-allow-origin' in preflight.headers)
  const image = await local.inject({
    url: '/media/products/none.jpg',
    headers: { ...headers, 'sec-fetch-site': 'cross-site' }
  })
  t.equal(image.statusCode, 404)
  t.equal(image.headers['access-control-allow-origin'], '*')
})

t.test('a name of somebody else that resolves to this machine is refused', async (t) => {
  const foreign = [
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1'
  ]
  for (const host of foreign) {
    for (const url of ['/api/v1/products', '/health', '/documentation/', '/media/none.jpg']) {
      t.equal((await local.inject({ url, headers: { host } })).statusCode, 403, `${host} ${url}`)
    }
  }
  for (const host of [
    'localhost',
    'LOCALHOST:80',
    '127.0.0.1:8080',
    '127.1.2.3',
    '[::1]:8080',
    'shop.localhost:8080'
  ]) {
    t.equal((await local.inject({ url: '/health', headers: { host } })).statusCode, 200, host)
  }
  const refused = await local.inject({ url: '/health', headers: { host: 'evil.example' } })
  t.match(refused.json(), { code: 'forbidden', detail: /PUBLIC_API_URL/ })
})

t.test('CORS_ORIGIN lets its origins in, and * every page', async (t) => {
  const listed = await buildTestApp(t, { CORS_ORIGIN: 'https://shop.example' })
  t.equal(await status(CREATE, { origin: 'https://shop.example' }, listed), 201)
  t.equal(
    await status(CREATE, { origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' }, listed),
    201
  )
  t.equal(await status(CREATE, { origin: 'https://evil.example' }, listed), 403)
  const all = await buildTestApp(t, { CORS_ORIGIN: '*' })
  t.equal(await status(CREATE, { origin: 'https://evil.example', host: 'evil.example' }, all), 201)
})

t.test('with credentials, or another HOST, every page may call as with the Go service', async (t) => {
  const foreign = { origin: 'https://evil.example', host: 'shop.example' }
  const keyed = await buildTestApp(t, { API_KEYS: 'operator-key-of-16' })
  t.equal(await status(CREATE, { ...foreign, 'x-api-key': 'operator-key-of-16' }, keyed), 201)
  const reachable = await buildTestApp(t, { HOST: '0.0.0.0' })
  t.equal(await status(CREATE, foreign, reachable), 201)
})
