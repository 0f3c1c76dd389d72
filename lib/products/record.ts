import type { Validators } from '../download/validators.ts'
import type { ImageErrorCode } from '../image/error.ts'
import type { Placeholder } from '../image/placeholder.ts'
import { contentTypeOf } from '../storage/object-key.ts'
import { FIELD_READS, fieldsOf, type ProductFields } from './fields.ts'
import type { Image, ImageStatus, Product, Rendition } from './schemas.ts'

/** A further size or format of an image, as its row holds it. */
export interface StoredRendition {
  key: string
  /** As it was when the object was stored; readers get today's (image-urls.ts). */
  url: string
  width: number
  height: number
  bytes: number
  /** The definition of the rendition that it was made for. */
  definition: string
}

/** What is kept of an image's source. */
export interface Original {
  key: string
  /** Null where the origin gave none. */
  validators: Validators | null
  /** The next attempt asks the origin whether the source has changed. */
  refetch?: true
}

/** Returns the original without the mark to ask its origin. */
export const withoutRefetch = ({ key, validators }: Original): Original => ({ key, validators })

/** A row of `product_images`. */
export interface ImageRow {
  id: string
  source_url: string
  status: 'pending' | 'done' | 'failed'
  /** Raised by every outcome and whenever the image is enqueued again. Readers do not see it. */
  generation: number
  object_key: string | null
  /** As it was when the object was stored; readers get today's (image-urls.ts). */
  url: string | null
  width: number | null
  height: number | null
  source_bytes: number | null
  bytes: number | null
  renditions: Record<string, StoredRendition>
  placeholder: Placeholder | null
  /** Null where none is kept. Readers do not see it. */
  original: Original | null
  attempts: number
  error_code: ImageErrorCode | null
  error_detail: string | null
  due_at: string
}

/**
 * A product as the database holds it: `product_images` names its images in their order, `images` are their
 * rows.
 */
export interface ProductRecord extends ProductFields {
  id: number
  user_id: number
  created_at: Date
  updated_at: Date
  version: number
  /** The database's clock at the read; `due_at` goes by it. */
  read_at: Date
  images: ImageRow[]
}

/** The columns of a ProductRecord, for a SELECT from `products p`. */
export const RECORD_COLUMNS = `p.id, p.user_id, ${FIELD_READS}, p.created_at, p.updated_at, p.version, now() AS read_at,
  coalesce((SELECT json_agg(i) FROM product_images i WHERE i.product_id = p.id), '[]') AS images`

export function toProduct(record: ProductRecord): Product {
  const images = inOrder(record.product_images, record.images).map(toImage)
  return {
    id: record.id,
    user_id: record.user_id,
    ...fieldsOf(record),
    compressed_product_images: finishedUrls(record.product_images, record.images),
    created_at: record.created_at.toISOString(),
    updated_at: record.updated_at.toISOString(),
    image_status: imageStatus(images),
    images
  }
}

/**
 * Returns what `compressed_product_images` holds: the URLs in the sources' order, without images that were
 * never made.
 */
export function finishedUrls<Row extends Pick<ImageRow, 'source_url' | 'url'>>(
  sources: string[],
  rows: Row[]
): string[] {
  return inOrder(sources, rows).flatMap(({ url }) => url ?? [])
}

/** A URL that is there twice has one row. */
function inOrder<Row extends Pick<ImageRow, 'source_url'>>(sources: string[], rows: Row[]): Row[] {
  const byUrl = new Map(rows.map((row) => [row.source_url, row]))
  return sources.flatMap((source) => byUrl.get(source) ?? [])
}

/** As it is sent to clients. */
export function toImage(row: ImageRow): Image {
  return {
    id: row.id,
    source_url: row.source_url,
    status: row.status,
    url: row.url,
    width: row.width,
    height: row.height,
    source_bytes: row.source_bytes,
    bytes: row.bytes,
    renditions: mapValues(row.renditions, toRendition),
    placeholder: row.placeholder,
    attempts: row.attempts,
    error: toError(row)
  }
}

export const toError = ({ error_code, error_detail }: Pick<ImageRow, 'error_code' | 'error_detail'>) =>
  error_code && { code: error_code, detail: error_detail ?? '' }

const toRendition = ({ key, url, width, height, bytes }: StoredRendition): Rendition => ({
  url,
  width,
  height,
  bytes,
  content_type: contentTypeOf(key)
})

export const mapValues = <V, W>(record: Record<string, V>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))

export type KeyedRow = Pick<ImageRow, 'object_key' | 'renditions' | 'original'>

/** The keys of everything that is stored of an image. */
export const keysOf = ({ object_key, renditions, original }: KeyedRow): string[] => [
  ...(object_key ? [object_key] : []),
  ...(original ? [original.key] : []),
  ...Object.values(renditions).map(({ key }) => key)
]

function imageStatus(images: Pick<ImageRow, 'status'>[]): ImageStatus {
  const statuses = new Set(images.map(({ status }) => status))
  if (statuses.size === 0) return 'none'
  if (statuses.has('pending')) return 'pending'
  if (statuses.size > 1) return 'partial'
  return statuses.has('done') ? 'done' : 'failed'
}
