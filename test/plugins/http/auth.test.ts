import Fastify from 'fastify'
import t from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'
import auth from '../../../plugins/http/auth.ts'
import errors from '../../../plugins/http/errors.ts'
import { buildTestApp, LogStream } from '../../support/app.ts'
import { problem } from '../../support/problem.ts'
import { ADA, ada, LAMP, OPS, ops, PRODUCTS, SECRET, serviceWithKeys, token } from './callers.ts'

const { app, call, lamp, foreign } = await serviceWithKeys(t)

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

t.test(
  'without settings no credentials are required, and a HOST for every interface is warned of once',
  async (t) => {
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
    t.strictSame((await warnings('127.0.0.1', { JWT_SECRET: SECRET })).lines, [])
    t.strictSame((await warnings('127.0.0.1', { JWT_SECRET: 'short' })).lines, [
      'JWT_SECRET is short enough to be guessed from a token: use 32 random characters or more'
    ])
  }
)
