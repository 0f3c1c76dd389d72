import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { inRequest } from '../../lib/log/context.ts'

/** Carries the request's id to all that it causes, and a span where there is a collector of traces. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    app.addHook('onRequest', ({ id }, reply, done) => {
      reply.header('x-request-id', id)
      done()
    })
    // Imported here because OpenTelemetry is large.
    if (config.tracing)
      await app.register(import('./request-spans.ts'), { ...config.tracing, role: config.role })
    // As late as possible: reading a body loses the asynchronous context. Reads enqueue nothing.
    app.addHook('preHandler', (request, _reply, done) => {
      if (request.method === 'GET') done()
      else inRequest(request.id, done)
    })
  },
  { name: 'tracing' }
)
