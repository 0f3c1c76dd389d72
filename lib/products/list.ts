import { AppError } from '../http/app-error.ts'
import { containing, hasTrigram } from './name-search.ts'
import { type ProductRecord, RECORD_COLUMNS } from './record.ts'
import type { ImageStatus } from './schemas.ts'

export interface ProductFilter {
  /** Undefined for the products of all users. */
  user_id?: number
  min_price?: number
  max_price?: number
  product_name?: string
  image_status?: ImageStatus
  external_id?: string
  limit: number
  /** The end of the previous page, from `encodeCursor`. */
  cursor?: string
}

interface Statement {
  text: string
  values: unknown[]
}

/** The place of a product in the list. */
export interface Place {
  id: number
  created_us: string
}

export type ListedRecord = ProductRecord &
  Place & {
    /** Products found: those of this page and at most one after it. */
    found: number
  }

/** A page ends with the product that exceeds this size. 200 of the largest products were 60 MB of JSON. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/**
 * Each source is sent twice, as `product_images` and as `source_url`, with a result of about 500 bytes and
 * its renditions.
 */
const JSON_BYTES = `500 + coalesce(octet_length(p.product_description), 0) + coalesce(octet_length(p.metadata::text), 0)
    + 2 * octet_length(array_to_string(coalesce(p.product_images, '{}'), ''))
    + 500 * cardinality(coalesce(p.product_images, '{}'))
    + coalesce((SELECT sum(octet_length(i.renditions::text)) FROM product_images i WHERE i.product_id = p.id), 0)`

/** Products that one page of an unindexed search examines. The page may then be short. */
export const MAX_SCANNED = 5000

const HAS_IMAGE = (status: string) =>
  `EXISTS (SELECT FROM product_images i WHERE i.product_id = p.id AND i.status ${status})`
const HAS_FAILED = `p.id IN (SELECT product_id FROM product_images WHERE status = 'failed')`

const STATUS_CONDITIONS: Record<ImageStatus, string> = {
  none: `cardinality(coalesce(p.product_images, '{}')) = 0`,
  pending: HAS_IMAGE(`= 'pending'`),
  done: `${HAS_IMAGE(`= 'done'`)} AND NOT ${HAS_IMAGE(`<> 'done'`)}`,
  failed: `${HAS_FAILED} AND NOT ${HAS_IMAGE(`<> 'failed'`)}`,
  partial: `${HAS_FAILED} AND ${HAS_IMAGE(`= 'done'`)} AND NOT ${HAS_IMAGE(`= 'pending'`)}`
}

/**
 * Returns the statement for one page, newest first, and one product more. It has no name: PostgreSQL plans it
 * for these values, and chooses between the order and an index.
 */
export function listStatement(filter: ProductFilter): Statement {
  const { values, value, scope, order } = scopeOf(filter)
  const filters = filtersOf(filter, value)
  const scanned = `SELECT p.* FROM products p WHERE ${scope} ORDER BY ${order} LIMIT ${MAX_SCANNED}`
  const source = isScan(filter) ? `(${scanned}) p` : 'products p'
  const page = `SELECT p.* FROM ${source} WHERE ${[scope, ...filters].join(' AND ')}
    ORDER BY ${order} LIMIT ${value(filter.limit + 1)}`
  return { text: bounded(page, order), values }
}

/** Returns the statement for products whose ids are greater than `after`, of one user or of all. */
export function exportStatement(after: number, limit: number, userId: number | undefined): Statement {
  const values = userId === undefined ? [after, limit] : [after, limit, userId]
  const scope = userId === undefined ? '' : 'AND p.user_id = $3'
  const page = `SELECT p.* FROM products p WHERE p.id > $1 ${scope} ORDER BY p.id LIMIT $2`
  return { text: bounded(page, 'p.id'), values }
}

/** The records of a page, up to MAX_PAGE_BYTES. */
function bounded(page: string, order: string): string {
  const before = `coalesce(sum(${JSON_BYTES}) OVER (
    ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)`
  const measured = `SELECT p.*, ${before} AS bytes_before, count(*) OVER ()::integer AS found FROM (${page}) p`
  return `SELECT ${RECORD_COLUMNS}, ${CREATED_US}, p.found
    FROM (${measured}) p WHERE p.bytes_before < ${MAX_PAGE_BYTES} ORDER BY ${order}`
}

/** Returns the statement for the last product that a scan examines, if there are more. */
export function scanEndStatement(filter: ProductFilter): Statement {
  const { values, scope, order } = scopeOf(filter)
  const text = `SELECT p.id, ${CREATED_US} FROM products p WHERE ${scope}
    ORDER BY ${order} OFFSET ${MAX_SCANNED - 1} LIMIT 1`
  return { text, values }
}

/** Whether no index serves the search by name. */
export const isScan = ({ product_name }: ProductFilter) =>
  product_name !== undefined && !hasTrigram(product_name)

const CREATED_US = '(extract(epoch FROM p.created_at) * 1000000)::bigint::text AS created_us'

/**
 * The conditions that the sort order's index serves: the user, and the start of the page. Without a user,
 * products are sorted by id.
 */
function scopeOf({ user_id, cursor }: ProductFilter) {
  const values: unknown[] = []
  const value = (v: unknown) => `$${values.push(v)}`
  const conditions = []
  if (user_id !== undefined) conditions.push(`p.user_id = ${value(user_id)}`)
  if (cursor) conditions.push(after(decodeCursor(cursor), user_id, value))
  const order = user_id === undefined ? 'p.id DESC' : 'p.created_at DESC, p.id DESC'
  return { values, value, scope: conditions.join(' AND ') || 'true', order }
}

function after(
  { id, created_us }: Place,
  user_id: number | undefined,
  value: (v: unknown) => string
): string {
  if (user_id === undefined) return `p.id < ${value(id)}::integer`
  const createdAt = `timestamptz 'epoch' + ${value(created_us)}::bigint * interval '1 microsecond'`
  return `(p.created_at, p.id) < (${createdAt}, ${value(id)}::integer)`
}

/** Only filters that are there become conditions. */
function filtersOf(filter: ProductFilter, value: (v: unknown) => string): string[] {
  const { min_price, max_price, product_name, image_status, external_id } = filter
  return [
    ...(min_price === undefined ? [] : [`p.product_price >= ${value(min_price)}::numeric`]),
    ...(max_price === undefined ? [] : [`p.product_price <= ${value(max_price)}::numeric`]),
    ...(product_name ? [`p.product_name ~ ${value(containing(product_name))}`] : []),
    ...(image_status ? [STATUS_CONDITIONS[image_status]] : []),
    ...(external_id ? [`p.external_id = ${value(external_id)}`] : [])
  ]
}

export const encodeCursor = ({ id, created_us }: Place) =>
  Buffer.from(`${created_us}.${id}`).toString('base64url')

/** 17 digits of microseconds cover 1200 BC to 5138 AD; more overflows PostgreSQL's timestamptz. */
function decodeCursor(cursor: string): Place {
  const match = /^(-?\d{1,17})\.(\d{1,10})$/.exec(Buffer.from(cursor, 'base64url').toString())
  const [, created_us, id] = match ?? []
  if (!created_us || Number(id) > 2_147_483_647) {
    const detail = 'is not a cursor of this service; take it from the Link header of the previous page'
    throw new AppError('invalid_request', 'The cursor cannot be used.', [{ pointer: 'cursor', detail }])
  }
  return { created_us, id: Number(id) }
}
