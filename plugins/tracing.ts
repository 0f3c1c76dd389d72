import { type Context, context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../lib/config.ts'
import { inRequest } from '../lib/trail.ts'

/** The request's id goes with all that it causes; a span does, too, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    app.addHook('onRequest', ({ id }, reply, done) => {
      reply.header('x-request-id', id)
      done()
    })
    if (config.OTEL_EXPORTER_OTLP_ENDPOINT)
      await trackRequests(app, config.OTEL_EXPORTER_OTLP_ENDPOINT, config.ROLE)
    // As late as possible: reading a body loses the asynchronous context. Reads owe nothing.
    app.addHook('preHandler', (request, _reply, done) => {
      if (request.method === 'GET') done()
      else inRequest(request.id, done)
    })
  },
  { name: 'tracing' }
)

async function trackRequests(app: FastifyInstance, endpoint: string, role: string): Promise<void> {
  const { startTracing } = await import('../lib/tracing.ts')
  const stop = startTracing(endpoint, role)
  const contexts = new WeakMap<FastifyRequest, Context>()
  app.addHook('onRequest', async (request) => {
    const { method, routeOptions, headers } = request
    const parent = propagation.extract(context.active(), headers)
    const route = routeOptions.url ?? 'none'
    const attributes = { 'http.request.method': method, 'http.route': route }
    const span = trace
      .getTracer('asyncprod')
      .startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent)
    contexts.set(request, trace.setSpan(parent, span))
  })
  app.addHook('preHandler', (request, _reply, done) => {
    context.with(contexts.get(request) ?? context.active(), done)
  })
  app.addHook('onResponse', async (request, { statusCode }) => {
    const span = trace.getSpan(contexts.get(request) ?? context.active())
    span?.setAttribute('http.response.status_code', statusCode)
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR })
    span?.end()
  })
  app.addHook('onClose', stop)
}
