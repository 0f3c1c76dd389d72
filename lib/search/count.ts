import type { Pool } from 'pg'
import { inTransaction } from '../database/transaction.ts'
import { IMAGE_COUNTS } from '../figures/kept-counts.ts'
import { conditionsOf, isWide } from './conditions.ts'
import { isCanceled, NEWEST_FIRST } from './page.ts'
import type { ImageFilter } from './schemas.ts'

const MAX_AT_ONCE = 4000

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
  // The images of an incident are among the newest. The index of hosts has another order.
  const order = isWide(filter) && filter.host === undefined ? `ORDER BY ${NEWEST_FIRST}` : ''
  const from = `FROM product_images i ${isOfOwner ? 'JOIN products p ON p.id = i.product_id' : ''}
    WHERE ${[...scope, ...rest].join(' AND ') || 'true'} ${order}`
  let images = 0
  try {
    return await inTransaction(pool, async (client) => {
      // A bitmap that does not fit in work_mem would compare the host of each image of a page again.
      await client.query('SET LOCAL enable_bitmapscan = off')
      // Without an order the whole number should come soon, not the first images.
      if (!order) await client.query('SET LOCAL cursor_tuple_fraction = 1')
      await client.query(`DECLARE matching NO SCROLL CURSOR FOR SELECT ${from}`, values)
      // A stopped statement loses what it has found, so the first ones ask for few images.
      for (let size = 1; ; size = Math.min(2 * size, MAX_AT_ONCE)) {
        const left = Math.ceil(end - performance.now())
        if (left <= 0) return { images, is_exact: false }
        await client.query(`SET LOCAL statement_timeout = ${left}`)
        const found = (await client.query(`MOVE ${size} FROM matching`)).rowCount ?? 0
        images += found
        if (found < size) return { images, is_exact: true }
      }
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
