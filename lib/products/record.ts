import type { ImageErrorCode } from '../image/error.ts'
import type { Image, ImageStatus, Product } from './schemas.ts'

/** A row of `product_images`. */
export interface ImageRow {
  id: string
  source_url: string
  status: 'pending' | 'done' | 'failed'
  object_key: string | null
  url: string | null
  width: number | null
  height: number | null
  source_bytes: number | null
  bytes: number | null
  attempts: number
  error_code: ImageErrorCode | null
  error_detail: string | null
  /** Raised by every outcome and whenever the image is enqueued again. */
  generation: number
  due_at: string
}

/** A product as the database holds it: `product_images` says which images it has, `images` what became of them. */
export interface ProductRecord {
  id: number
  user_id: number
  product_name: string
  product_description: string
  product_price: number
  product_images: string[]
  created_at: Date
  updated_at: Date
  version: number
  /** The database's clock when it was read, which is the one that `due_at` goes by. */
  read_at: Date
  images: ImageRow[]
}

/** The columns of a ProductRecord, for a SELECT from products p. */
export const RECORD_COLUMNS = `p.id, p.user_id, p.product_name, coalesce(p.product_description, '') AS product_description,
  p.product_price::float8 AS product_price, coalesce(array_remove(p.product_images, NULL), '{}') AS product_images,
  p.created_at, p.updated_at, p.version, now() AS read_at,
  coalesce((SELECT json_agg(i) FROM product_images i WHERE i.product_id = p.id), '[]') AS images`

export function toProduct(record: ProductRecord): Product {
  const rows = new Map(record.images.map((row) => [row.source_url, row]))
  const images = record.product_images.map((url) => toImage(url, rows.get(url)))
  return {
    id: record.id,
    user_id: record.user_id,
    product_name: record.product_name,
    product_description: record.product_description,
    product_price: record.product_price,
    product_images: record.product_images,
    compressed_product_images: finishedUrls(record.product_images, record.images),
    created_at: record.created_at.toISOString(),
    updated_at: record.updated_at.toISOString(),
    image_status: imageStatus(images),
    images
  }
}

/** What `compressed_product_images` holds: the sources' order, without what is not done. */
export function finishedUrls(
  sources: string[],
  rows: Pick<ImageRow, 'source_url' | 'status' | 'url'>[]
): string[] {
  const urls = new Map(rows.map((row) => [row.source_url, row.status === 'done' ? row.url : null]))
  return sources.map((source) => urls.get(source)).filter((url) => typeof url === 'string')
}

function toImage(source_url: string, row: ImageRow | undefined): Image {
  return {
    source_url,
    status: row?.status ?? 'pending',
    url: row?.url ?? null,
    width: row?.width ?? null,
    height: row?.height ?? null,
    source_bytes: row?.source_bytes ?? null,
    bytes: row?.bytes ?? null,
    attempts: row?.attempts ?? 0,
    error: row?.error_code ? { code: row.error_code, detail: row.error_detail ?? '' } : null
  }
}

function imageStatus(images: Image[]): ImageStatus {
  const statuses = new Set(images.map(({ status }) => status))
  if (statuses.size === 0) return 'none'
  if (statuses.has('pending')) return 'pending'
  if (statuses.size > 1) return 'partial'
  return statuses.has('done') ? 'done' : 'failed'
}
