import type { Pool } from 'pg'
import { inTransaction } from '../database/transaction.ts'
import { IMAGE_COUNTS } from '../figures/kept-counts.ts'
import { conditionsOf } from './conditions.ts'
import { isCanceled } from './page.ts'
import type { ImageFilter } from './schemas.ts'

const TIMEOUT_MS = 5000

export interface ImageCount {
  images: number
  /** False for an estimate, if counting would take too long. */
  is_exact: boolean
}

/** Resolves with the number of images that match, or with null if they would have to be counted. */
export async function countedBefore(pool: Pool, filter: ImageFilter): Promise<number | null> {
  const { status, code, ...others } = filter
  return Object.keys(others).length === 0 ? await keptCount(pool, filter) : null
}

/** Resolves with the number of images that match. */
export async function countImages(pool: Pool, filter: ImageFilter, at: Date): Promise<ImageCount> {
  const kept = await countedBefore(pool, filter)
  if (kept !== null) return { images: kept, is_exact: true }
  const values: unknown[] = []
  const { scope, rest } = conditionsOf(filter, at, (value) => `$${values.push(value)}`)
  const isOfOwner = filter.user_id !== undefined || filter.external_id !== undefined
  const from = `FROM product_images i ${isOfOwner ? 'JOIN products p ON p.id = i.product_id' : ''}
    WHERE ${[...scope, ...rest].join(' AND ') || 'true'}`
  try {
    const images = await inTransaction(pool, async (client) => {
      // A bitmap that does not fit in work_mem would compare the host of each image of a page again.
      await client.query(`SET LOCAL statement_timeout = ${TIMEOUT_MS}; SET LOCAL enable_bitmapscan = off`)
      const { rows } = await client.query<{ n: number }>(`SELECT count(*)::float8 AS n ${from}`, values)
      return rows[0]?.n ?? 0
    })
    return { images, is_exact: true }
  } catch (error) {
    if (!isCanceled(error)) throw error
  }
  const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
    `EXPLAIN (FORMAT JSON) SELECT ${from}`,
    values
  )
  return { images: rows[0]?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0, is_exact: false }
}

/** Resolves with the number that triggers keep: counting ten million images takes seconds. */
async function keptCount(pool: Pool, { status, code }: ImageFilter): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `SELECT coalesce(sum(n), 0)::float8 AS n FROM (${IMAGE_COUNTS}) AS counts
     WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR code = $2)`,
    [status ?? null, code ?? null]
  )
  return rows[0]?.n ?? 0
}
