import t from 'tap'
import { buildTestApp } from '../support/app.ts'

const ORIGIN = 'https://shop.example'
const EXPOSED =
  'ETag, Link, Location, Retry-After, WWW-Authenticate, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset'
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

t.test('by default every origin may call', async (t) => {
  const app = await buildTestApp(t)
  const preflight = await app.inject(PREFLIGHT)
  t.equal(preflight.statusCode, 204)
  t.equal(preflight.body, '')
  t.strictSame(corsHeaders(preflight.headers), {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
    'access-control-allow-headers':
      'Content-Type, Authorization, X-API-Key, Idempotency-Key, If-Match, If-None-Match',
    'access-control-expose-headers': EXPOSED
  })
  const reply = await app.inject({ url: '/health/live', headers: { origin: ORIGIN } })
  t.strictSame(corsHeaders(reply.headers), {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': EXPOSED
  })
  const options = await app.inject({ method: 'OPTIONS', url: '/api/v1/products' })
  t.equal(options.statusCode, 204, 'as in the original, an OPTIONS request need not come from a browser')
})

t.test('CORS_ORIGIN names the origins that may call', async (t) => {
  const app = await buildTestApp(t, { CORS_ORIGIN: `https://admin.example, ${ORIGIN}` })
  const allowed = await app.inject(PREFLIGHT)
  t.match(allowed.headers, { 'access-control-allow-origin': ORIGIN, vary: 'Origin' })
  const refused = await app.inject({
    ...PREFLIGHT,
    headers: { ...PREFLIGHT.headers, origin: 'https://evil.example' }
  })
  t.notMatch(refused.headers, { 'access-control-allow-origin': String })
})
