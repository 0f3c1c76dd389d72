import fp from 'fastify-plugin'
import type { Config } from '../../lib/config/config.ts'
import { Broker } from '../../lib/rabbitmq/broker.ts'
import { withTimeout } from '../../lib/startup/timeout.ts'
import { StartError } from '../../lib/startup/wait-for-server.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null when the outbox is worked off without RabbitMQ. */
    broker: Broker | null
  }
}

/** Work to be published waits in the outbox until RabbitMQ is there, so only who consumes it waits for it to start. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { role, rabbitmq, startupTimeoutMs } = config
    if (!rabbitmq) return void app.decorate('broker', null)

    const broker = new Broker({ ...rabbitmq, log: app.log })
    app.addHook('onClose', () => broker.close())
    if (role !== 'api') await usable(broker, startupTimeoutMs)
    app.decorate('broker', broker)
    app.healthChecks.set('rabbitmq', { kind: 'connected', ping: () => broker.depth() })
  },
  { name: 'rabbitmq', dependencies: ['health-checks'] }
)

async function usable(broker: Broker, timeoutMs: number): Promise<void> {
  await withTimeout(timeoutMs, broker.ready()).catch((cause: unknown) => {
    throw new StartError(
      `RabbitMQ could not be used within ${timeoutMs} ms. Is it running, and is RABBITMQ_URL right?`,
      { cause }
    )
  })
}
