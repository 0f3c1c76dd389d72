import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { inTransaction } from '../database/transaction.ts'
import { AppError } from '../http/app-error.ts'
import { type Conditions, conditionsOf, isWide, type Value } from './conditions.ts'
import type { Place } from './place.ts'
import type { ImageFilter } from './schemas.ts'

/** Maximum images that a page of a search without an index examines. Such a page may be short. */
export const MAX_EXAMINED = 5000
const QUERY_CANCELED = '57014'

export const NEWEST_FIRST = 'i.product_id DESC, i.id DESC'

export interface PageOptions {
  /** Columns of `product_images i` and `products p`, besides the place. */
  columns: string
  after: Place | null
  limit: number
  /** The time that ages refer to. */
  at: Date
}

/** Resolves with one page of images, and with the place after which the next one begins. */
export async function readPage<Row extends object>(
  client: Pick<PoolClient, 'query'>,
  filter: ImageFilter,
  { columns, after, limit, at }: PageOptions
): Promise<{ rows: (Row & Place)[]; next: Place | null }> {
  const values: unknown[] = []
  const value = (v: unknown) => `$${values.push(v)}`
  const { scope, rest } = conditionsAfter(after, filter, at, value)
  const isScan = isWide(filter) && rest.length > 0
  const among = isScan ? imagesIn('product_images i', scope, MAX_EXAMINED) : 'product_images i'
  // Products are joined last: a join here would begin at the newest one, however far down the page is.
  const found = isWide(filter) ? imagesIn(among, isScan ? rest : scope, limit + 1) : 'product_images i'
  const where = isWide(filter) ? 'true' : [...scope, ...rest].join(' AND ')
  const { rows } = await client.query<Row & Place>(
    `SELECT i.product_id, i.id, ${columns} FROM ${found} JOIN products p ON p.id = i.product_id
     WHERE ${where} ORDER BY ${NEWEST_FIRST} LIMIT ${value(limit + 1)}`,
    values
  )
  const page = rows.slice(0, limit)
  if (rows.length > limit) return { rows: page, next: page.at(-1) ?? null }
  return { rows, next: isScan ? await endOfScan(client, filter, after, at) : null }
}

/** The newest images among those that match. */
const imagesIn = (images: string, conditions: string[], limit: number) =>
  `(SELECT i.* FROM ${images} WHERE ${conditions.join(' AND ') || 'true'}
    ORDER BY ${NEWEST_FIRST} LIMIT ${limit}) i`

/** Resolves with the last image that a scan examines, if there may be more. */
async function endOfScan(
  client: Pick<PoolClient, 'query'>,
  { status, code }: ImageFilter,
  after: Place | null,
  at: Date
): Promise<Place | null> {
  const values: unknown[] = []
  const indexed = code ? { code } : { ...(status && { status }) }
  const { scope } = conditionsAfter(after, indexed, at, (value) => `$${values.push(value)}`)
  const { rows } = await client.query<Place>(
    `SELECT product_id, id FROM product_images i WHERE ${scope.join(' AND ') || 'true'}
     ORDER BY ${NEWEST_FIRST} OFFSET ${MAX_EXAMINED - 1} LIMIT 1`,
    values
  )
  return rows[0] ?? null
}

function conditionsAfter(after: Place | null, filter: ImageFilter, at: Date, value: Value): Conditions {
  const { scope, rest } = conditionsOf(filter, at, value)
  if (!after) return { scope, rest }
  const place = `(i.product_id, i.id) < (${value(after.product_id)}::integer, ${value(after.id)}::uuid)`
  return { scope: [...scope, place], rest }
}

/** Runs reads that may take `ms` each. Rejects with `overloaded` if one takes longer. */
export async function bounded<T>(
  pool: Pool,
  ms: number,
  work: (client: PoolClient) => Promise<T>
): Promise<T> {
  try {
    return await inTransaction(pool, async (client) => {
      await client.query(`SET LOCAL statement_timeout = ${ms}`)
      return await work(client)
    })
  } catch (error) {
    if (!isCanceled(error)) throw error
    throw new AppError('overloaded', 'The search takes too long; use narrower filters, or retry later.')
  }
}

export const isCanceled = (error: unknown) => error instanceof DatabaseError && error.code === QUERY_CANCELED
