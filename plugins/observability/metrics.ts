import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { addFleetReadings } from '../../lib/observability/fleet.ts'
import { stateOf } from '../../lib/observability/health.ts'
import { Metrics } from '../../lib/observability/metrics.ts'
import { addProcessReadings } from '../../lib/observability/process.ts'
import type { Readings } from '../../lib/observability/readings.ts'
import { serveMetrics } from './metrics-port.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What each scrape of GET /metrics reads. */
    readings: Readings
  }
}

/** GET /metrics, for Prometheus: with a key for all users, or without one on METRICS_PORT. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { pool } = app.pg
    const metrics = new Metrics(app.log)
    app.decorate('readings', metrics.readings)
    addProcessReadings(metrics.readings, pool, () => dependenciesOf(app))
    addFleetReadings(metrics.readings, pool, app.broker)
    app.addHook('onResponse', ({ method, routeOptions: { url: route = 'none' } }, reply, done) => {
      metrics.requestEnded({ method, route, status: reply.statusCode, ms: reply.elapsedTime })
      done()
    })
    app.addHook('onClose', async () => metrics.close())
    const scrape = async (_request: FastifyRequest, reply: FastifyReply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
    app.get('/metrics', { config: { access: 'admin' }, schema: { hide: true } }, scrape)
    const { host, metricsPort } = config.server
    if (metricsPort) serveMetrics(app, { host, port: metricsPort }, scrape)
  },
  { name: 'metrics', dependencies: ['postgres', 'redis', 'rabbitmq', 'auth'] }
)

function dependenciesOf({ healthChecks, log }: FastifyInstance) {
  return Promise.all(
    [...healthChecks].map(async ([name, check]) => ({
      name,
      isUp: (await stateOf(check, log)) !== 'unavailable'
    }))
  )
}
