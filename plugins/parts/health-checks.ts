import fp from 'fastify-plugin'
import type { HealthCheck } from '../../lib/observability/health.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What the health routes check, by the name that they give it. */
    healthChecks: Map<string, HealthCheck>
  }
}

export default fp(
  async (app) => {
    app.decorate('healthChecks', new Map())
  },
  { name: 'health-checks' }
)
