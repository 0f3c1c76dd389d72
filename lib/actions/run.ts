import type { Pool } from 'pg'
import { act } from '../products/acts.ts'
import type { BackgroundChanges } from '../products/background.ts'
import { bounded, readPage } from '../search/page.ts'
import type { Actions, RunningAction } from './actions.ts'

const IMAGES_A_BATCH = 200
const TIMEOUT_MS = 10_000

export interface RunOptions {
  pool: Pool
  actions: Actions
  changes: Pick<BackgroundChanges, 'act'>
}

/**
 * Continues an action batch by batch until it has ended or is cancelled. Each image is visited once; images
 * that begin to match afterwards are left out. After a crash the last batch is repeated, without changing its
 * images again. When `stop` aborts, it rejects after the batch.
 */
export async function runAction(id: number, options: RunOptions, stop: AbortSignal): Promise<void> {
  const { actions } = options
  for (let found = await actions.running(id); found; found = await actions.running(id)) {
    stop.throwIfAborted()
    const { seen, changed, next } = await runBatch(found, options)
    await actions.progress(id, seen, changed, next)
  }
}

async function runBatch({ action, filter, place, created_at }: RunningAction, { pool, changes }: RunOptions) {
  const page = { columns: 'i.status', after: place, limit: IMAGES_A_BATCH, at: created_at }
  const { rows, next } = await bounded(pool, TIMEOUT_MS, (client) => readPage(client, filter, page))
  const byProduct = Map.groupBy(rows, ({ product_id }) => product_id)
  const counts = [...byProduct].map(([productId, images]) => {
    const ids = new Set(images.map(({ id }) => id))
    return changes.act(productId, (record) => act(record, action, ids))
  })
  const changed = (await Promise.all(counts)).reduce((sum, n) => sum + n, 0)
  return { seen: rows.length, changed, next }
}
