import { type Context, context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { startTracing } from '../../lib/observability/tracing.ts'

/** A span for each request, sent to a collector with those of the work that it causes. */
export default fp<{ endpoint: string; role: string }>(
  async (app, { endpoint, role }) => {
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
  },
  { name: 'request-spans' }
)
