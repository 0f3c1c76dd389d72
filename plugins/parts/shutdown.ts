import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { Shutdown } from '../../lib/startup/shutdown.ts'

declare module 'fastify' {
  interface FastifyInstance {
    shutdown: Shutdown
  }
}

/** Stops the consumers while requests in progress end. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const shutdown = new Shutdown(config.shutdownGraceMs, app.log)
    app.decorate('shutdown', shutdown)
    app.addHook('preClose', async () => void shutdown.begin())
  },
  { name: 'shutdown' }
)
