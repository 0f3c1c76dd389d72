import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import type { Broker } from '../../lib/rabbitmq/broker.ts'
import { RABBITMQ } from '../../lib/rabbitmq/server.ts'
import { tryServer, waitForServer } from '../../lib/startup/wait-for-server.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null without RABBITMQ_URL. */
    broker: Broker | null
  }
}

/** Messages wait in the outbox until RabbitMQ can be used, so only a worker waits for it. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { role, rabbitmq, startupTimeoutMs: timeoutMs } = config
    if (!rabbitmq) return void app.decorate('broker', null)

    // Imported here because the libraries of AMQP are needed only with RabbitMQ.
    const { Broker } = await import('../../lib/rabbitmq/broker.ts')
    const { log } = app
    const broker = new Broker({ ...rabbitmq, log })
    app.addHook('onClose', () => broker.close())
    const ready = () => broker.ready()
    if (role === 'api') await tryServer(RABBITMQ, log, ready)
    else await waitForServer(RABBITMQ, { timeoutMs, log }, ready)
    app.decorate('broker', broker)
    app.healthChecks.set('rabbitmq', { kind: 'connected', ping: () => broker.depth() })
  },
  { name: 'rabbitmq', dependencies: ['health-checks'] }
)
