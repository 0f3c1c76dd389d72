import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../lib/config/config.ts'
import { shortenLog } from '../lib/database/checkpoint.ts'
import { removeExpiredKeys } from '../lib/database/creator.ts'
import { Deliveries } from '../lib/deliveries/deliveries.ts'
import { reasonOf } from '../lib/log/log.ts'
import { removeOldAttempts } from '../lib/products/attempts.ts'
import { OrphanSweep } from '../lib/storage/orphan-sweep.ts'
import { PREFIXES } from '../lib/storage/orphans.ts'

/** In job timeouts: an image that has been due for longer, without an outbox row, was lost. */
const LOST_AFTER_JOBS = 3
const IMAGES_A_SWEEP = 1000
/** Behind this many messages an image may wait longer than that. The sweep would enqueue it twice. */
const DEEP_QUEUE = 1000
/** A statement that deletes so many takes milliseconds. */
const ROWS_AT_ONCE = 1000
/** Another process may have WEBHOOK_URL and be down for a while. */
const UNDELIVERED_MS = 24 * 60 * 60_000
const ORPHANS_EVERY_MS = 10 * 60_000
/** No upload takes that long. */
const UNFINISHED_MS = 24 * 60 * 60_000

/**
 * Periodically enqueues lost images and removes expired keys, unused uploads, old attempts, orphaned objects
 * and undeliverable webhooks. It shortens the log of an embedded database.
 * Each run is bounded; the next one continues.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { jobTimeoutMs } = config.images
    const { signal } = app.shutdown
    const { pool } = app.pg
    const deliveries = new Deliveries(pool)
    const sweeps = [
      () => enqueueLostImages(app, jobTimeoutMs),
      () => removeAll(signal, (limit) => removeExpiredKeys(pool, limit)),
      () => removeAll(signal, (limit) => deliveries.prune(limit)),
      () => removeUnusedUploads(app),
      () => removeAll(signal, (limit) => removeOldAttempts(pool, limit)),
      removeOrphans(app)
    ]
    if (!config.webhook) sweeps.push(() => discardWebhooks(app))
    if (!config.database) sweeps.push(() => shortenLog(pool))

    async function sweep(): Promise<void> {
      for (const run of sweeps) {
        if (signal.aborted) return
        await run().catch((error: unknown) =>
          app.log.warn({ reason: reasonOf(error) }, 'A sweep failed; it is repeated')
        )
      }
    }

    let running = Promise.resolve()
    let timer: NodeJS.Timeout | undefined
    app.addHook('onReady', async () => {
      timer = setInterval(() => {
        running = running.then(sweep)
      }, jobTimeoutMs)
    })
    app.shutdown.add(async () => {
      clearInterval(timer)
      await running
    })
  },
  { name: 'sweep', dependencies: ['products', 'rabbitmq', 'storage'] }
)

/** Enqueues images again whose work was lost, as with a broker's disk. */
async function enqueueLostImages(
  { broker, outbox, products, log }: FastifyInstance,
  jobMs: number
): Promise<void> {
  // Messages that wait for the end of a pause are not lost.
  if (outbox.isPaused) return
  if (broker && (await broker.depth()) >= DEEP_QUEUE) return
  const count = await products.background.sweep(jobMs * LOST_AFTER_JOBS, IMAGES_A_SWEEP)
  if (count > 0) log.warn({ products: count }, 'Pending images that were lost are enqueued again')
}

/** Calls `remove`, which resolves with the number of rows that it removed, until fewer are left. */
async function removeAll(signal: AbortSignal, remove: (limit: number) => Promise<number>): Promise<void> {
  while (!signal.aborted && (await remove(ROWS_AT_ONCE)) === ROWS_AT_ONCE);
}

async function removeUnusedUploads({
  uploads,
  outbox,
  log,
  shutdown: { signal }
}: FastifyInstance): Promise<void> {
  let total = 0
  for (let seen = ROWS_AT_ONCE; seen === ROWS_AT_ONCE && !signal.aborted; ) {
    const { removed, ...run } = await uploads.removeUnused(ROWS_AT_ONCE)
    seen = run.seen
    total += removed
  }
  if (total === 0) return
  outbox.enqueued(['object'])
  log.info({ uploads: total }, 'Uploads that no product used are removed')
}

/** Orphaned objects, and what killed uploads have left in parts. */
function removeOrphans({ pg, objects, log, shutdown: { signal } }: FastifyInstance): () => Promise<void> {
  const orphans = PREFIXES.map((prefix) => new OrphanSweep(pg.pool, objects, log, prefix))
  let lastRun = Number.NEGATIVE_INFINITY
  return async () => {
    if (performance.now() - lastRun < ORPHANS_EVERY_MS) return
    lastRun = performance.now()
    for (const sweep of orphans) await sweep.run(signal)
    await objects.removeUnfinished(new Date(Date.now() - UNFINISHED_MS))
  }
}

/** Discards webhooks that were still due when WEBHOOK_URL was removed. */
async function discardWebhooks({ outbox, log }: FastifyInstance): Promise<void> {
  const webhooks = await outbox.discard('webhook', UNDELIVERED_MS)
  if (webhooks > 0) log.warn({ webhooks }, 'Webhooks were discarded: WEBHOOK_URL is not set')
}
