import type { Pool } from 'pg'
import type { ImageErrorCode } from '../image/error.ts'

/** An image that was given up on. */
export interface FailedImage {
  product_id: number
  user_id: number
  source_url: string
  code: ImageErrorCode
  detail: string
  attempts: number
}

/** The failed images of products with an id above `afterId`, by product. `limit` counts images. */
export async function listFailedImages(
  pool: Pool,
  { code, afterId = 0, limit }: { code?: string | undefined; afterId?: number; limit: number }
): Promise<FailedImage[]> {
  const { rows } = await pool.query<FailedImage>(
    `SELECT i.product_id, p.user_id, i.source_url, i.error_code AS code, i.error_detail AS detail, i.attempts
     FROM product_images i JOIN products p ON p.id = i.product_id
     WHERE i.status = 'failed' AND i.product_id > $1 AND ($2::text IS NULL OR i.error_code = $2)
     ORDER BY i.product_id, i.source_url LIMIT $3`,
    [afterId, code ?? null, limit]
  )
  return rows
}
