import fp from 'fastify-plugin'
import { Controls } from '../../lib/fleet/controls.ts'

declare module 'fastify' {
  interface FastifyInstance {
    controls: Controls
  }
}

/** What operators have ordered. */
export default fp(
  async (app) => {
    const controls = new Controls(app.pg.pool)
    await controls.load()
    app.decorate('controls', controls)
  },
  { name: 'controls', dependencies: ['postgres'] }
)
