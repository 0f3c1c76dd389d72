import type { Config } from '../../lib/config/config.ts'
import { missingObjects } from '../../lib/storage/missing.ts'
import { existingParts } from '../existing-parts.ts'
import { reportLost, reportUnsent } from '../lost-objects.ts'

/**
 * Starts the database of a copy, which replays its log, and looks for all objects that its rows name. Images
 * without a result are enqueued again. Prints what it found.
 */
export async function verify(config: Config): Promise<void> {
  await using app = await existingParts({ ...config, database: null, redis: null, rabbitmq: null })
  const { rows } = await app.pg.query<{ products: number }>(
    'SELECT count(*)::integer AS products FROM products'
  )
  const { missing, unsent } = await missingObjects(app.pg.pool, app.objects)
  const again = new Set(missing.filter(({ kind }) => kind === 'result').map(({ product_id }) => product_id))
  for (const id of again) await app.products.reprocess({ id }, { all: true })
  const enqueued = again.size > 0 ? `; ${again.size} of them lack an object and are enqueued again` : ''
  console.log(`Products: ${rows[0]?.products}${enqueued}`)
  reportUnsent(unsent)
  // An image that is made again gets its original again, but not its upload.
  reportLost(
    missing.filter(
      ({ kind, product_id }) => kind === 'upload' || (kind === 'original' && !again.has(product_id))
    )
  )
}
