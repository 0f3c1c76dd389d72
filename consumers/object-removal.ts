import fp from 'fastify-plugin'
import type { Config } from '../lib/config/config.ts'
import { withBackoff } from '../lib/outbox/backoff.ts'
import { Relay } from '../lib/outbox/relay.ts'
import type { OutboxRow } from '../lib/outbox/row.ts'
import { originalsPrefix } from '../lib/storage/object-key.ts'
import { removeOrphans } from '../lib/storage/orphans.ts'

/** Each waits for the store and uses hardly any CPU. */
const CAPACITY = 16
const LEASE_MS = 60_000
/** Two to four hours. After that, the sweep removes the objects: no image needs them. */
const RETRY = { maxAttempts: 30, baseMs: 1000 }

/** Removes the objects of images that are gone: replaced, or of a deleted product. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { objects, outbox, storeBreakers, log } = app
    const below = (prefix: string) =>
      config.images.keepOriginals ? [prefix, originalsPrefix(prefix)] : [prefix]
    const dispatch = async ({ payload: { key, prefix } }: OutboxRow, stop: AbortSignal) => {
      if (key !== undefined) await objects.remove(key, stop)
      if (prefix !== undefined) await removeOrphans(app.pg.pool, objects, below(prefix), stop)
      log.info({ key, prefix }, 'Object removed')
    }
    const relay = new Relay({
      outbox,
      kind: 'object',
      capacity: CAPACITY,
      leaseMs: LEASE_MS,
      dispatch,
      // Removals leave a store that fails to the uploads that wait for it.
      room: () => (storeBreakers.uploads.failure ? 0 : CAPACITY),
      retryMs: withBackoff(RETRY),
      log
    })
    app.addHook('onReady', async () => relay.start())
    app.shutdown.add((graceMs) => relay.stop(graceMs))
  },
  { name: 'objects', dependencies: ['products', 'storage'] }
)
