import fp from 'fastify-plugin'
import type { Config } from '../lib/config/config.ts'
import { Deliveries, type Delivery } from '../lib/deliveries/deliveries.ts'
import { MAX_ATTEMPTS } from '../lib/deliveries/outstanding.ts'
import { reasonOf } from '../lib/log/log.ts'
import { withBackoff } from '../lib/outbox/backoff.ts'
import { Relay } from '../lib/outbox/relay.ts'
import type { OutboxRow } from '../lib/outbox/row.ts'
import { toProduct } from '../lib/products/record.ts'
import { ReceiverError, Webhook } from '../lib/webhook.ts'

const CAPACITY = 8
const LEASE_MS = 60_000

/** Notifies WEBHOOK_URL when all images of a product are finished. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { webhook: receiver, images } = config
    if (!receiver) return
    const { cache, log, outbox, products } = app
    const webhook = new Webhook({ ...receiver, policy: config.sources })
    const deliveries = new Deliveries(app.pg.pool)

    async function dispatch(row: OutboxRow, stop: AbortSignal): Promise<void> {
      const { id, product_id, payload } = row
      const product = product_id === null ? null : await products.load(product_id)
      // The product was deleted or changed since. The end of that change has a row of its own.
      if (!product || product.images.some(({ status }) => status === 'pending')) return
      // The receiver may read the product at once.
      await cache.invalidate(product.id)
      const message = {
        type: 'product.images.finished',
        timestamp: product.updated_at,
        data: toProduct(product)
      }
      // Earlier versions wrote rows without an id of their own.
      const message_id = payload.message_id ?? id
      const begunAt = performance.now()
      const ended = (status: number | null, error: string | null) =>
        record({
          ...{ message_id, product_id: product.id, user_id: product.user_id, attempt: row.claims },
          ...{ status, ms: performance.now() - begunAt, error }
        })
      try {
        await ended(await webhook.send(`asyncprod-${message_id}`, message, stop), null)
      } catch (error) {
        if (!stop.aborted) await ended(error instanceof ReceiverError ? error.status : null, reasonOf(error))
        throw error
      }
      log.info({ product_id, version: payload.version }, 'Webhook delivered')
    }

    /** The list of deliveries is for operators: without it, webhooks are delivered all the same. */
    const record = (delivery: Delivery) =>
      deliveries.record(delivery).catch((error: unknown) => {
        log.warn({ reason: reasonOf(error) }, 'The delivery of a webhook was not recorded')
      })

    const relay = new Relay({
      outbox,
      kind: 'webhook',
      capacity: CAPACITY,
      leaseMs: LEASE_MS,
      dispatch,
      retryMs: withBackoff({ ...images.retry, maxAttempts: MAX_ATTEMPTS }),
      log
    })
    app.addHook('onReady', async () => relay.start())
    app.shutdown.add(async (graceMs) => {
      await relay.stop(graceMs)
      await webhook.close()
    })
  },
  { name: 'webhooks', dependencies: ['products', 'redis'] }
)
