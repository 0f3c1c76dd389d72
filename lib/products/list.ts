import { AppError } from '../http/app-error.ts'
import { type ProductRecord, RECORD_COLUMNS } from './record.ts'
import type { ImageStatus } from './schemas.ts'

export interface ProductFilter {
  user_id: number
  min_price?: number
  max_price?: number
  product_name?: string
  image_status?: ImageStatus
  /** How many at most. */
  limit: number
  /** Where the page before ended, as `encodeCursor` wrote it. */
  cursor?: string
}

export type ListedRecord = ProductRecord & {
  created_us: string
  /** How many products there are for this page and, one at most, after it. */
  found: number
}

/**
 * A page ends with the product that takes it past so many bytes of text, however many were asked for: 200 of the largest
 * were 60 MB of JSON, and each client that does not read its answer makes us keep them.
 */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/** Each URL comes twice, as `product_images` and as `source_url`. */
const TEXT_BYTES = `coalesce(octet_length(p.product_description), 0)
    + 2 * octet_length(array_to_string(coalesce(p.product_images, '{}'), ''))`

const BYTES_BEFORE = `coalesce(sum(${TEXT_BYTES}) OVER (
    ORDER BY p.created_at DESC, p.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)`

const HAS_IMAGE = (status: string) =>
  `EXISTS (SELECT FROM product_images i WHERE i.product_id = p.id AND i.status ${status})`

const STATUS_CONDITIONS: Record<ImageStatus, string> = {
  none: `cardinality(coalesce(p.product_images, '{}')) = 0`,
  pending: HAS_IMAGE(`= 'pending'`),
  done: `${HAS_IMAGE(`= 'done'`)} AND NOT ${HAS_IMAGE(`<> 'done'`)}`,
  failed: `p.id IN (SELECT product_id FROM product_images WHERE status = 'failed') AND NOT ${HAS_IMAGE(`<> 'failed'`)}`,
  partial: `p.id IN (SELECT product_id FROM product_images WHERE status = 'failed') AND ${HAS_IMAGE(`= 'done'`)} AND NOT ${HAS_IMAGE(`= 'pending'`)}`
}

/**
 * The statement for one page, newest first. Only filters that are there become conditions, and it has no name: so
 * PostgreSQL plans it for these values, and can choose between the user's order and the trigram index.
 */
export function listStatement(filter: ProductFilter): { text: string; values: unknown[] } {
  const values: unknown[] = []
  const value = (v: unknown) => `$${values.push(v)}`
  const conditions = [`p.user_id = ${value(filter.user_id)}`]
  if (filter.min_price !== undefined)
    conditions.push(`p.product_price >= ${value(filter.min_price)}::numeric`)
  if (filter.max_price !== undefined)
    conditions.push(`p.product_price <= ${value(filter.max_price)}::numeric`)
  if (filter.product_name) conditions.push(`p.product_name ILIKE ${value(containing(filter.product_name))}`)
  if (filter.image_status) conditions.push(STATUS_CONDITIONS[filter.image_status])
  if (filter.cursor) {
    const { createdUs, id } = decodeCursor(filter.cursor)
    const createdAt = `timestamptz 'epoch' + ${value(createdUs)}::bigint * interval '1 microsecond'`
    conditions.push(`(p.created_at, p.id) < (${createdAt}, ${value(id)}::integer)`)
  }
  const page = `SELECT p.* FROM products p WHERE ${conditions.join(' AND ')}
    ORDER BY p.created_at DESC, p.id DESC LIMIT ${value(filter.limit + 1)}`
  const measured = `SELECT p.*, ${BYTES_BEFORE} AS bytes_before, count(*) OVER ()::integer AS found FROM (${page}) p`
  const text = `SELECT ${RECORD_COLUMNS}, (extract(epoch FROM p.created_at) * 1000000)::bigint::text AS created_us, p.found
    FROM (${measured}) p WHERE p.bytes_before < ${MAX_PAGE_BYTES} ORDER BY p.created_at DESC, p.id DESC`
  return { text, values }
}

/** `%`, `_` and the escape character itself stand for themselves. */
const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`

export const encodeCursor = (record: ListedRecord) =>
  Buffer.from(`${record.created_us}.${record.id}`).toString('base64url')

/** 17 digits of microseconds are all years from 1200 BC to 5138: with more, PostgreSQL has no such time. */
function decodeCursor(cursor: string): { createdUs: string; id: string } {
  const match = /^(-?\d{1,17})\.(\d{1,10})$/.exec(Buffer.from(cursor, 'base64url').toString())
  const [, createdUs, id] = match ?? []
  if (!createdUs || !id || Number(id) > 2_147_483_647) {
    const detail = 'is not a cursor of this service; take it from the Link header of the page before'
    throw new AppError('invalid_request', 'The cursor cannot be used.', [{ pointer: 'cursor', detail }])
  }
  return { createdUs, id }
}
