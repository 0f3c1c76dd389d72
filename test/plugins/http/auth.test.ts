import Fastify from 'fastify'
import { SignJWT } from 'jose'
import t from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'
import auth from '../../../plugins/http/auth.ts'
import errors from '../../../plugins/http/errors.ts'
import { buildTestApp, LogStream } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'

const secret = 'a secret of thirty-two characters'
const [OPS, ADA, BOB] = ['key-of-operations', 'key-of-ada-user-1', 'key-of-bob-user-2']
const app = await buildTestApp(t, { API_KEYS: `${OPS},${ADA}:1,${BOB}:2`, JWT_SECRET: secret })
await app.pg.query(`INSERT INTO users (username) VALUES ('bob')`)
const call = await documented(app)

const PRODUCTS = '/api/v1/products'
const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
const ops = { 'x-api-key': OPS }
const ada = { 'x-api-key': ADA }
const bob = { 'x-api-key': BOB }
const asBob = { ...LAMP, user_id: 2 }

const create = async (payload: object) => {
  const reply = await call({ method: 'POST', url: PRODUCTS, headers: ops, payload })
  return { id: reply.json().product_id, url: String(reply.headers.location) }
}
const lamp = await create(LAMP)
const foreign = await create(asBob)

const notYours = (pointer: string) =>
  problem('forbidden', 'These credentials do not act for that user.', [
    { pointer, detail: 'must be 1, the user that these credentials act for' }
  ])

t.test('without credentials every operation is refused, and says what to send', async (t) => {
  for (const [method, url] of [
    ['GET', PRODUCTS],
    ['POST', PRODUCTS],
    ['PUT', PRODUCTS],
    ['GET', lamp.url],
    ['PUT', lamp.url],
    ['DELETE', lamp.url],
    ['GET', `${lamp.url}/events`],
    ['POST', `${lamp.url}/reprocess`],
    ['POST', '/api/v1/users'],
    ['GET', '/api/v1/users/1']
  ] as const) {
    const reply = await call({ method, url })
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="AsyncProd"')
    t.strictSame(
      reply.json(),
      problem('unauthorized', 'Credentials are missing: send an API key or a bearer token.'),
      `${method} ${url}`
    )
  }
})

t.test('every operation asks for credentials unless the document says that it is open', async (t) => {
  const { paths, security } = (await app.inject('/openapi.json')).json()
  t.strictSame(security, [{ apiKey: [] }, { bearer: [] }])
  const open: string[] = []
  for (const [path, operations] of Object.entries<Record<string, { security?: object[] }>>(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const { statusCode } = await app.inject({
        method: method as 'GET',
        url: path.replace('{id}', String(lamp.id))
      })
      t.equal(statusCode === 401, operation.security === undefined, `${method} ${path}`)
      if (statusCode !== 401) open.push(path)
    }
  }
  t.strictSame(open, ['/health', '/redis-health', '/health/live', '/health/ready', '/api/v1/uploads/{id}'])
})

t.test('health, documentation and finished images stay open', async (t) => {
  for (const url of [
    '/health',
    '/api/v1/health',
    '/documentation/',
    '/documentation/static/index.css',
    '/openapi.json'
  ])
    t.equal((await app.inject(url)).statusCode, 200, url)
  t.equal((await app.inject('/media/products/1/missing.jpg')).statusCode, 404)
  t.equal((await app.inject('/nowhere')).statusCode, 404)
  const preflight = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }
  t.equal((await app.inject({ method: 'OPTIONS', url: PRODUCTS, headers: preflight })).statusCode, 204)
})

t.test('HEAD asks for the same as GET', async (t) => {
  const head = (url: string, headers = {}) =>
    app.inject({ method: 'HEAD', url, headers }).then(({ statusCode }) => statusCode)
  t.strictSame(
    [await head(lamp.url), await head(foreign.url, ada), await head(lamp.url, ada)],
    [401, 404, 200]
  )
  t.strictSame(
    [await head('/health/live'), await head('/documentation/'), await head('/metrics')],
    [200, 200, 401]
  )
})

t.test('a route without a declared access is closed', async (t) => {
  const other = Fastify()
  t.teardown(() => other.close())
  await other.register(errors)
  await other.register(auth, { config: loadConfig({ API_KEYS: OPS }) })
  other.get('/metrics', async () => 'everything')
  t.equal((await other.inject('/metrics')).statusCode, 401)
  t.equal((await other.inject({ url: '/metrics', headers: ops })).body, 'everything')
})

t.test('credentials that do not count are refused', async (t) => {
  for (const headers of [
    { 'x-api-key': 'nobody' },
    { 'x-api-key': '' },
    { 'x-api-key': `${ADA}, ${ADA}` },
    { authorization: 'Bearer nobody' },
    { authorization: `Bearer ${await token({ sub: '1', exp: 1 })}` },
    { 'x-api-key': 'nobody', authorization: `Bearer ${ADA}` }
  ]) {
    const reply = await call({ url: PRODUCTS, headers })
    t.equal(reply.statusCode, 401)
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="AsyncProd", error="invalid_token"')
    t.notMatch(reply.body, /nobody|key-of/)
  }
  for (const authorization of ['Basic YWRhOmFkYQ==', 'Bearer', 'Bearer  ', ADA, `Bearer ${ADA} ${ADA}`]) {
    t.equal((await call({ url: PRODUCTS, headers: { authorization } })).statusCode, 401)
  }
})

t.test('a key counts in either header, a token as a bearer', async (t) => {
  for (const headers of [
    { 'x-api-key': ADA },
    { authorization: `Bearer ${ADA}` },
    { authorization: `bearer ${ADA}` },
    { authorization: `Bearer ${await token({ sub: '1' })}` },
    { authorization: `Bearer ${await token({ sub: '9', scope: 'admin' })}` }
  ]) {
    const reply = await call({ url: lamp.url, headers })
    t.equal(reply.statusCode, 200)
    t.equal(reply.headers['cache-control'], 'private, no-cache')
  }
})

t.test('another user in the body is refused', async (t) => {
  const expected = notYours('/user_id')
  for (const [method, url, payload] of [
    ['POST', PRODUCTS, asBob],
    ['PUT', foreign.url, asBob],
    ['PUT', PRODUCTS, { ...asBob, id: foreign.id }]
  ] as const) {
    t.strictSame((await call({ method, url, payload, headers: ada })).json(), expected)
  }
})

t.test('another user’s product is not there, not even cached', async (t) => {
  const expected = problem('not_found', `There is no product ${foreign.id}.`)
  t.equal((await call({ url: foreign.url, headers: bob })).statusCode, 200)
  for (const [method, url, payload] of [
    ['GET', foreign.url, undefined],
    ['GET', `${foreign.url}/events`, undefined],
    ['PUT', foreign.url, LAMP],
    ['PUT', PRODUCTS, { ...LAMP, id: foreign.id }],
    ['DELETE', foreign.url, undefined],
    ['POST', `${foreign.url}/reprocess`, undefined]
  ] as const) {
    t.strictSame((await call({ method, url, headers: ada, ...(payload && { payload }) })).json(), expected)
  }
  t.match((await call({ url: foreign.url, headers: bob })).json(), { user_id: 2, product_name: 'Desk lamp' })
})

t.test('lists show what belongs to the caller', async (t) => {
  const owners = async (headers: typeof ops, query = '') => {
    const products: { user_id: number }[] = (await call({ url: `${PRODUCTS}${query}`, headers })).json()
    return products.map(({ user_id }) => user_id)
  }
  t.strictSame(await owners(ada), [1])
  t.strictSame(await owners(bob), [2])
  t.strictSame(await owners(bob, '?user_id='), [2])
  t.strictSame(await owners(bob, '?user_id=2'), [2])
  t.strictSame(await owners(ops), [2, 1])
  t.strictSame(await owners(ops, '?user_id=2'), [2])
  t.strictSame((await call({ url: `${PRODUCTS}?user_id=2`, headers: ada })).json(), notYours('user_id'))
})

t.test('a caller sees their own user, and only callers for all create users', async (t) => {
  t.strictSame((await call({ url: '/api/v1/users/2', headers: bob })).json(), { user_id: 2, username: 'bob' })
  t.strictSame(
    (await call({ url: '/api/v1/users/1', headers: bob })).json(),
    problem('not_found', 'There is no user 1.')
  )
  const eve = { method: 'POST', url: '/api/v1/users', payload: { username: 'eve' } } as const
  t.strictSame(
    (await call({ ...eve, headers: bob })).json(),
    problem('forbidden', 'This needs credentials for all users.')
  )
  t.equal((await call({ ...eve, headers: ops })).statusCode, 201)
})

t.test('callers for all act for every user', async (t) => {
  const headers = { authorization: `Bearer ${await token({ sub: '9', scope: 'read admin' })}` }
  const product = await call({ method: 'POST', url: PRODUCTS, payload: asBob, headers })
  const url = String(product.headers.location)
  t.equal((await call({ method: 'PUT', url, payload: asBob, headers })).statusCode, 200)
  t.equal((await call({ method: 'POST', url: `${url}/reprocess`, headers })).statusCode, 202)
  t.equal((await call({ method: 'DELETE', url, headers })).statusCode, 204)
})

t.test('nobody is asked when nothing is set, and a HOST for every interface is warned of once', async (t) => {
  const warnings = async (HOST: string, variables = {}) => {
    const stream = new LogStream()
    const open = await buildTestApp(t, { HOST, ...variables }, { logger: { level: 'warn', stream } })
    return { open, lines: stream.entries.map(({ msg }) => msg) }
  }
  const warning =
    'Authentication is disabled: anyone who can reach this address has full access. Set API_KEYS, JWT_SECRET or JWKS_URL'
  const { open, lines } = await warnings('0.0.0.0')
  t.strictSame(lines, [warning])
  t.equal((await open.inject({ method: 'POST', url: PRODUCTS, payload: LAMP })).statusCode, 201)
  t.strictSame((await open.inject('/openapi.json')).json().security, [{}, { apiKey: [] }, { bearer: [] }])
  t.strictSame((await warnings('127.0.0.1')).lines, [])
  t.strictSame((await warnings('0.0.0.0', { API_KEYS: OPS })).lines, [])
  t.strictSame((await warnings('127.0.0.1', { JWT_SECRET: secret })).lines, [])
  t.strictSame((await warnings('127.0.0.1', { JWT_SECRET: 'short' })).lines, [
    'JWT_SECRET is short enough to be guessed from a token: use 32 random characters or more'
  ])
})

const token = (claims: Record<string, unknown>) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret))
