import t from 'tap'
import { buildTestApp } from '../support/app.ts'

const ORIGIN = 'https://shop.example'
const EVERYWHERE = { HOST: '0.0.0.0' }
const PREFLIGHT = {
  method: 'OPTIONS',
  url: '/api/v1/products/1',
  headers: {
    origin: ORIGIN,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'if-match'
  }
} as const

const corsHeaders = (headers: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^(access-control-|vary)/.test(name)))

interface OpenApi {
  paths: Record<string, Record<string, Operation>>
  components: { securitySchemes: Record<string, { in?: string; name?: string }> }
}
interface Operation {
  parameters?: { in: string; name: string }[]
  responses: Record<string, { headers?: Record<string, unknown> }>
}

t.test('pages of every origin may call a service that others can reach', async (t) => {
  const app = await buildTestApp(t, EVERYWHERE)
  const preflight = await app.inject(PREFLIGHT)
  t.equal(preflight.statusCode, 204)
  t.equal(preflight.body, '')
  t.match(corsHeaders(preflight.headers), {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS'
  })
  const reply = await app.inject({ url: '/health/live', headers: { origin: ORIGIN } })
  t.equal(reply.headers['access-control-allow-origin'], '*')
  const options = await app.inject({ method: 'OPTIONS', url: '/api/v1/products' })
  t.equal(options.statusCode, 204, 'as in the Go service, an OPTIONS request need not come from a browser')
})

t.test('pages of all origins may call where callers show credentials', async (t) => {
  const app = await buildTestApp(t, { API_KEYS: 'operator-key-of-16' })
  t.equal((await app.inject(PREFLIGHT)).headers['access-control-allow-origin'], '*')
})

t.test('every header that the document or our client names is allowed and exposed', async (t) => {
  const app = await buildTestApp(t, EVERYWHERE)
  const { paths, components } = (await app.inject('/openapi.json')).json<OpenApi>()
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  const sent = [
    ...operations.flatMap(({ parameters = [] }) => parameters).filter((one) => one.in === 'header'),
    ...Object.values(components.securitySchemes).filter((one) => one.in === 'header')
  ].map(({ name = '' }) => name.toLowerCase())
  const received = operations
    .flatMap(({ responses }) => Object.values(responses))
    .flatMap(({ headers = {} }) => Object.keys(headers))
  const { headers } = await app.inject(PREFLIGHT)
  const list = (name: string) => String(headers[name]).toLowerCase().split(', ')
  const others = [
    'content-type',
    'authorization',
    'traceparent',
    'tracestate',
    'baggage',
    'x-request-id',
    'prefer'
  ]
  const allowed = list('access-control-allow-headers')
  t.ok(sent.includes('last-event-id'))
  t.strictSame(
    [...sent, ...others].filter((name) => !allowed.includes(name)),
    []
  )
  const exposed = list('access-control-expose-headers')
  t.ok(received.includes('link'))
  t.strictSame(
    [...received, 'x-request-id', 'www-authenticate', 'ratelimit-limit'].filter(
      (name) => !exposed.includes(name)
    ),
    []
  )
})

t.test('CORS_ORIGIN names the origins that may call', async (t) => {
  const app = await buildTestApp(t, { ...EVERYWHERE, CORS_ORIGIN: `https://admin.example, ${ORIGIN}` })
  const allowed = await app.inject(PREFLIGHT)
  t.match(allowed.headers, { 'access-control-allow-origin': ORIGIN, vary: 'Origin' })
  const refused = await app.inject({
    ...PREFLIGHT,
    headers: { ...PREFLIGHT.headers, origin: 'https://evil.example' }
  })
  t.notMatch(refused.headers, { 'access-control-allow-origin': String })
})
