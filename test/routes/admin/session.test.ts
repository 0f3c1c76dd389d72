import { SignJWT } from 'jose'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'

const secret = 'a secret of thirty-two characters'
const [OPS, EYES, ADA] = ['key-of-operations', 'key-of-the-screens', 'key-of-ada-user-1']
const app = await buildTestApp(t, { API_KEYS: `${OPS},${EYES}:read,${ADA}:1`, JWT_SECRET: secret })
const call = await documented(app)
const URL = '/api/v1/admin/session'

const read = (headers: Record<string, string>, url = URL) => call({ url, headers })
const version = (await read({ 'x-api-key': OPS })).json().version

t.test('credentials for all users may change things, or only read, and others are refused', async (t) => {
  const token = (scope: string) =>
    new SignJWT({ sub: '9', scope })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secret))
  const key = /^key:[0-9a-f]{16}$/
  t.match((await read({ 'x-api-key': OPS })).json(), { actor: key, may_change: true })
  t.match((await read({ 'x-api-key': EYES })).json(), { actor: key, may_change: false })
  for (const [scope, may_change] of [
    ['admin', true],
    ['admin:read', false]
  ] as const)
    t.strictSame((await read({ authorization: `Bearer ${await token(scope)}` })).json(), {
      actor: 'admin:9',
      may_change,
      version
    })
  t.strictSame(
    (await read({ 'x-api-key': ADA })).json(),
    problem('forbidden', 'This needs credentials for all users.')
  )
  t.equal((await read({})).statusCode, 401)
})

t.test('credentials that only read change nothing anywhere', async (t) => {
  const headers = { 'x-api-key': EYES }
  t.equal((await call({ url: '/api/v1/products', headers })).statusCode, 200)
  for (const [method, url] of [
    ['POST', '/api/v1/products'],
    ['PUT', '/api/v1/products'],
    ['DELETE', '/api/v1/products/1'],
    ['POST', '/api/v1/products/1/reprocess'],
    ['POST', '/api/v1/users']
  ] as const)
    t.strictSame(
      (await call({ method, url, headers })).json(),
      problem('forbidden', 'These credentials may only read.')
    )
})

t.test('without configured credentials it is open to programs of this machine', async (t) => {
  const local = await buildTestApp(t)
  const own = { host: 'localhost:8080', origin: 'http://localhost:8080' }
  for (const headers of [{}, own, { 'sec-fetch-site': 'same-origin' }])
    t.strictSame((await local.inject({ url: URL, headers })).json(), {
      actor: 'anyone',
      may_change: true,
      version
    })
})

const foreign = [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }] as const
const refused = problem('forbidden', 'Pages of other origins may not use the admin API; set CORS_ORIGIN.')

t.test('without credentials a page of another origin reads nothing, even if CORS_ORIGIN is *', async (t) => {
  const local = await buildTestApp(t, { CORS_ORIGIN: '*' })
  for (const headers of foreign) t.strictSame((await local.inject({ url: URL, headers })).json(), refused)
  const listed = await buildTestApp(t, { CORS_ORIGIN: 'https://board.example' })
  const headers = { origin: 'https://board.example' }
  t.equal((await listed.inject({ url: URL, headers })).statusCode, 200)
})

t.test('with credentials such a page may read', async (t) => {
  for (const headers of foreign) t.equal((await read({ ...headers, 'x-api-key': OPS })).statusCode, 200)
})

t.test('without credentials it is closed on every other HOST, and names the settings', async (t) => {
  const exposed = await buildTestApp(t, { HOST: '0.0.0.0' })
  t.strictSame(
    (await exposed.inject(URL)).json(),
    problem(
      'forbidden',
      'Without credentials the admin API is for a loopback HOST only: set API_KEYS, JWT_SECRET or JWKS_URL.'
    )
  )
})
