import { setTimeout as wait } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { Broker } from '../lib/broker.ts'
import type { Config } from '../lib/config.ts'
import { StartError } from '../lib/up.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null when the outbox is worked off without RabbitMQ. */
    broker: Broker | null
  }
}

export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { rabbitmq: urls, RABBITMQ_IMAGE_QUEUE: queue, STARTUP_TIMEOUT_MS: timeoutMs } = config
    if (!urls) return void app.decorate('broker', null)

    const broker = new Broker({ urls, queue, log: app.log })
    app.addHook('onClose', () => broker.close())
    const giveUp = new AbortController()
    const tooLate = wait(timeoutMs, undefined, { signal: giveUp.signal }).then(() => {
      throw new StartError(
        `RabbitMQ could not be used within ${timeoutMs} ms. Is it running, and is RABBITMQ_URL right?`
      )
    })
    await Promise.race([broker.ready(), tooLate]).finally(() => giveUp.abort())
    tooLate.catch(() => undefined)
    app.decorate('broker', broker)
    app.dependencies.set('rabbitmq', { kind: 'connected', ping: () => broker.depth() })
  },
  { name: 'rabbitmq', dependencies: ['dependencies'] }
)
