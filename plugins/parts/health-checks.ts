import fp from 'fastify-plugin'

/** A server or an embedded part that the service works with. */
export interface HealthCheck {
  /** Without it requests fail; the others are worked around or waited for. */
  required?: boolean
  kind: 'connected' | 'embedded'
  /** Rejects when it cannot be used at this moment. */
  ping(): Promise<unknown>
}

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
