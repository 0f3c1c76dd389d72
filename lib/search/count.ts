import type { Pool } from 'pg'
import { inTransaction } from '../database/transaction.ts'
import { IMAGE_COUNTS } from '../figures/kept-counts.ts'
import { conditionsOf } from './conditions.ts'
import { isCanceled } from './page.ts'
import type { ImageFilter } from './schemas.ts'

const IMAGES_AT_ONCE = 1000

export interface ImageCount {
  images: number
  /** False if more may match, because counting was stopped. */
  is_exact: boolean
}

/** Resolves with the number of images that match, or with null if they would have to be counted. */
export async function countedBefore(pool: Pool, filter: ImageFilter): Promise<number | null> {
  const { status, code, ...others } = filter
  return Object.keys(others).length === 0 ? await keptCount(pool, filter) : null
}

export interface CountOptions {
  /** The time that ages refer to. */
  at: Date
  /** How long to count. */
  ms: number
}

/** Resolves with the number of images that match, or with how many were found in `ms`. */
export async function countImages(
  pool: Pool,
  filter: ImageFilter,
  { at, ms }: CountOptions
): Promise<ImageCount> {
  const end = performance.now() + ms
  const kept = await countedBefore(pool, filter)
  if (kept !== null) return { images: kept, is_exact: true }
  const values: unknown[] = []
  const { scope, rest } = conditionsOf(filter, at, (value) => `$${values.push(value)}`)
  const isOfOwner = filter.user_id !== undefined || filter.external_id !== undefined
  const from = `FROM product_images i ${isOfOwner ? 'JOIN products p ON p.id = i.product_id' : ''}
    WHERE ${[...scope, ...rest].join(' AND ')}`
  let images = 0
  try {
    return await inTransaction(pool, async (client) => {
      // A bitmap that does not fit in work_mem would compare the host of each image of a page again.
      await client.query('SET LOCAL enable_bitmapscan = off; SET LOCAL cursor_tuple_fraction = 1')
      await client.query(`DECLARE matching NO SCROLL CURSOR FOR SELECT ${from}`, values)
      for (let found = IMAGES_AT_ONCE; found === IMAGES_AT_ONCE; images += found) {
        const left = Math.ceil(end - performance.now())
        if (left <= 0) return { images, is_exact: false }
        // If few images match, one statement reads many others.
        await client.query(`SET LOCAL statement_timeout = ${left}`)
        found = (await client.query(`MOVE ${IMAGES_AT_ONCE} FROM matching`)).rowCount ?? 0
      }
      return { images, is_exact: true }
    })
  } catch (error) {
    if (!isCanceled(error)) throw error
    return { images, is_exact: false }
  }
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
