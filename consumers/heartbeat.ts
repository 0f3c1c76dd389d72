import fp from 'fastify-plugin'
import type { Config } from '../lib/config/config.ts'
import { Heartbeat } from '../lib/fleet/heartbeat.ts'

declare module 'fastify' {
  interface FastifyInstance {
    heartbeat: Heartbeat
  }
}

/** Reports this process to the fleet, and takes no work while all work is paused or it is drained. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { controls, outbox, log } = app
    const heartbeat = new Heartbeat(app.pg.pool, config.role, controls, log)
    app.decorate('heartbeat', heartbeat)

    function applyRules(): void {
      const control = controls.get('intake') ?? controls.get('process', heartbeat.id)
      if ((control !== undefined) === outbox.isPaused) return
      if (control)
        log.warn({ by: control.by, reason: control.reason, kind: control.kind }, 'This process is paused')
      else log.info({}, 'This process takes work again')
      outbox.setPaused(control !== undefined)
    }

    applyRules()
    controls.on('changed', applyRules)
    app.addHook('onReady', async () => heartbeat.start())
    app.addHook('onClose', () => heartbeat.close())
  },
  { name: 'heartbeat', dependencies: ['products', 'controls'] }
)
