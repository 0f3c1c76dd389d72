import fp from 'fastify-plugin'
import { readFleet } from '../../lib/observability/fleet.ts'
import { Metrics } from '../../lib/observability/metrics.ts'
import type { Readings } from '../../lib/observability/readings.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What each scrape of GET /metrics reads. */
    readings: Readings
  }
}

/** GET /metrics, for Prometheus. */
export default fp(
  async (app) => {
    const { pool } = app.pg
    const metrics = new Metrics(app.log)
    app.decorate('readings', metrics.readings)
    metrics.readings.add({
      name: 'asyncprod_database_connections',
      help: 'Connections of this process to the database, and requests that wait for one',
      labelNames: ['state'],
      read: async () => [
        { labels: { state: 'idle' }, value: pool.idleCount },
        { labels: { state: 'busy' }, value: pool.totalCount - pool.idleCount },
        { labels: { state: 'waited_for' }, value: pool.waitingCount }
      ]
    })
    readFleet(metrics.readings, pool, app.broker)
    app.addHook('onResponse', ({ method, routeOptions: { url: route = 'none' } }, reply, done) => {
      metrics.requestEnded({ method, route, status: reply.statusCode, ms: reply.elapsedTime })
      done()
    })
    app.addHook('onClose', async () => metrics.close())
    app.get('/metrics', { config: { access: 'admin' }, schema: { hide: true } }, async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
    )
  },
  { name: 'metrics', dependencies: ['postgres', 'redis', 'rabbitmq', 'auth'] }
)
