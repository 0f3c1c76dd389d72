import type { Pool } from 'pg'
import { readAttempts } from '../products/attempts.ts'
import type { ProductRecord } from '../products/record.ts'
import { toImage } from '../products/record.ts'
import { findReplaced } from './replacement.ts'
import type { ImageReport } from './schemas.ts'
import { foundOf, type Owner } from './search.ts'

export interface ReportOptions {
  load: (productId: number) => Promise<ProductRecord | null>
  maxAttempts: number
}

/** Resolves with everything that is known about an image, or with null if there is none. */
export async function reportImage(
  pool: Pool,
  id: string,
  { load, maxAttempts: max_attempts }: ReportOptions
): Promise<ImageReport | null> {
  const { rows } = await pool.query<Owner & { product_name: string }>(
    `SELECT i.product_id, i.enqueued_at, i.due_at, p.user_id, p.external_id, p.product_name
     FROM product_images i JOIN products p ON p.id = i.product_id WHERE i.id = $1`,
    [id]
  )
  const [owner] = rows
  if (!owner) return null
  const record = await load(owner.product_id)
  const image = record?.images.find((row) => row.id === id)
  if (!image) return null
  const [history, replaced] = await Promise.all([
    readAttempts(pool, owner.product_id, id),
    findReplaced(pool, owner.product_id, image.source_url)
  ])
  const { product_name } = owner
  return { ...toImage(image), ...foundOf(owner), product_name, max_attempts, replaced, history }
}
