import cors from '@fastify/cors'
import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { isLoopback } from '../../lib/http/loopback.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Differs from the settings on this route. */
    cors?: { origin: '*' }
  }
}

/** The headers that clients of ours, or documented operations, send. */
const ALLOWED = [
  'Content-Type',
  'Authorization',
  'X-API-Key',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'Prefer',
  'X-Request-Id',
  'traceparent',
  'tracestate',
  'baggage'
]

const EXPOSED = [
  'ETag',
  'Link',
  'Location',
  'Preference-Applied',
  'Retry-After',
  'WWW-Authenticate',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'X-Request-Id'
]

/** Lets the browsers of all origins call, as the Go service did; see also same-origin. */
export default fp<{ config: Config }>(
  async (app, { config: { server, auth } }) => {
    const isOwnOnly = !auth && isLoopback(server.host)
    await app.register(cors, {
      origin: server.corsOrigin ?? (isOwnOnly ? false : '*'),
      methods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
      allowedHeaders: ALLOWED,
      exposedHeaders: EXPOSED,
      strictPreflight: false
    })
  },
  { name: 'cors' }
)
