import fp from 'fastify-plugin'
import { Metrics } from '../../lib/observability/metrics.ts'

/** GET /metrics, for Prometheus. */
export default fp(
  async (app) => {
    const metrics = new Metrics()
    metrics.watchWork(app.pg.pool, app.broker)
    app.addHook('onResponse', ({ method, routeOptions: { url: route = 'none' } }, reply, done) => {
      metrics.requestEnded({ method, route, status: reply.statusCode, ms: reply.elapsedTime })
      done()
    })
    app.addHook('onClose', async () => metrics.close())
    app.get('/metrics', { config: { access: 'admin' }, schema: { hide: true } }, async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.scrape())
    )
  },
  { name: 'metrics', dependencies: ['postgres', 'redis', 'rabbitmq', 'auth'] }
)
