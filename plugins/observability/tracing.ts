import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { inRequest } from '../../lib/log/context.ts'

/** The request's id goes with all that it causes; a span does, too, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    app.addHook('onRequest', ({ id }, reply, done) => {
      reply.header('x-request-id', id)
      done()
    })
    // Loaded only where it works: OpenTelemetry is large.
    if (config.tracing)
      await app.register(import('./request-spans.ts'), { ...config.tracing, role: config.role })
    // As late as possible: reading a body loses the asynchronous context. Reads owe nothing.
    app.addHook('preHandler', (request, _reply, done) => {
      if (request.method === 'GET') done()
      else inRequest(request.id, done)
    })
  },
  { name: 'tracing' }
)
