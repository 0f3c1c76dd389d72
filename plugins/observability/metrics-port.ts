import Fastify, { type FastifyInstance, type RouteHandlerMethod } from 'fastify'
import { reasonOf } from '../../lib/log/log.ts'
import { StartError } from '../../lib/startup/wait-for-server.ts'

/**
 * Serves GET /metrics on a port of its own while `app` runs. Scrapers have no key, so the port must not be
 * public.
 */
export function serveMetrics(
  app: FastifyInstance,
  address: { host: string; port: number },
  scrape: RouteHandlerMethod
): void {
  const server = Fastify({ loggerInstance: app.log, disableRequestLogging: true })
  server.get('/metrics', scrape)
  app.addHook('onReady', async () => {
    try {
      await server.listen({
        ...address,
        listenTextResolver: (url) => `Metrics are served without a key at ${url}`
      })
    } catch (cause) {
      const { host, port } = address
      throw new StartError(
        `Metrics cannot be served on ${host}:${port}: ${reasonOf(cause)}. Choose another METRICS_PORT.`,
        { cause }
      )
    }
  })
  app.addHook('onClose', () => server.close())
}
