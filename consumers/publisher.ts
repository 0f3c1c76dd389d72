import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Relay } from '../lib/outbox/relay.ts'
import type { OutboxRow } from '../lib/outbox/row.ts'
import { ShallowQueue } from '../lib/rabbitmq/shallow-queue.ts'

/** Messages that are published at once. */
const CAPACITY = 500
/** Longer than a publish may take. */
const LEASE_MS = 30_000

/**
 * Publishes due images to RabbitMQ. The queue is kept shallow; the rest waits in the outbox, where users take
 * turns.
 * Every process with a broker publishes, so no single process is required.
 */
export default fp(
  async (app: FastifyInstance) => {
    const { broker, outbox, log } = app
    if (!broker) return
    const poke = () => outbox.poke(['images'])
    const queue = new ShallowQueue(() => broker.depth(), poke)

    async function publish({ id, product_id, user_id, product_images, payload }: OutboxRow): Promise<void> {
      // The product has been deleted.
      if (!broker || product_id === null || product_images === null) return
      queue.published()
      const message = { product_id, user_id, image_urls: product_images }
      await broker.publish(message, `asyncprod-${id}`, payload)
    }

    const relay = new Relay({
      outbox,
      kind: 'images',
      capacity: CAPACITY,
      leaseMs: LEASE_MS,
      dispatch: publish,
      // While the broker is unavailable, no rows are claimed, so no publish can time out.
      room: () => (broker.connected ? queue.room() : 0),
      log
    })
    broker.on('connect', poke)
    app.addHook('onReady', async () => relay.start())
    app.shutdown.add((graceMs) => relay.stop(graceMs))
  },
  { name: 'publisher', dependencies: ['products', 'rabbitmq'] }
)
