import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Relay } from '../lib/outbox/relay.ts'
import type { OutboxRow } from '../lib/outbox/row.ts'
import type { Broker } from '../lib/rabbitmq/broker.ts'

/** Messages on their way to the broker at once. */
const CAPACITY = 500
/** Longer than a publish may take. */
const LEASE_MS = 30_000

/** Hands owed images over to RabbitMQ. Every process that has a broker does it, so that none is needed for it. */
export default fp(
  async (app: FastifyInstance) => {
    const { broker, outbox, log } = app
    if (!broker) return
    const dispatch = (row: OutboxRow) => publish(broker, row)
    const relay = new Relay({
      outbox,
      kind: 'images',
      capacity: CAPACITY,
      leaseMs: LEASE_MS,
      dispatch,
      // While the broker is away rows only wait: no claims, no timeouts.
      room: () => (broker.connected ? CAPACITY : 0),
      log
    })
    broker.on('connect', () => outbox.poke(['images']))
    app.addHook('onReady', async () => relay.start())
    app.shutdown.add((graceMs) => relay.stop(graceMs))
  },
  { name: 'publisher', dependencies: ['products', 'rabbitmq'] }
)

/** Nothing is left to do for a product that has been deleted meanwhile. */
async function publish(broker: Broker, row: OutboxRow): Promise<void> {
  const { id, product_id, user_id, product_images, payload } = row
  if (product_id === null || user_id === null) return
  await broker.publish({ product_id, user_id, image_urls: product_images ?? [] }, `asyncprod-${id}`, payload)
}
