import fp from 'fastify-plugin'
import type { Config } from '../lib/config/config.ts'
import { withBackoff } from '../lib/outbox/backoff.ts'
import { Relay } from '../lib/outbox/relay.ts'
import type { OutboxRow } from '../lib/outbox/row.ts'
import { toProduct } from '../lib/products/record.ts'
import { Webhook } from '../lib/webhook.ts'

const CAPACITY = 8
const LEASE_MS = 60_000
/** With waits of ten minutes at most: about four hours. */
const MAX_ATTEMPTS = 30

/** Notifies WEBHOOK_URL when all images of a product are finished. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { webhook: receiver, images } = config
    if (!receiver) return
    const { cache, log, outbox, products } = app
    const webhook = new Webhook({ ...receiver, policy: config.sources })

    async function dispatch({ id, product_id, payload }: OutboxRow, stop: AbortSignal): Promise<void> {
      const record = product_id === null ? null : await products.load(product_id)
      // The product was deleted or changed since. The end of that change has a row of its own.
      if (!record || record.images.some(({ status }) => status === 'pending')) return
      // The receiver may read the product at once.
      await cache.invalidate(record.id)
      const message = {
        type: 'product.images.finished',
        timestamp: record.updated_at,
        data: toProduct(record)
      }
      // Earlier versions wrote rows without an id of their own.
      await webhook.send(`asyncprod-${payload.message_id ?? id}`, message, stop)
      log.info({ product_id, version: payload.version }, 'Webhook delivered')
    }

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
