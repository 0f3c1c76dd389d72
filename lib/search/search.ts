import type { Pool } from 'pg'
import { type UrlOf, urlToday } from '../products/image-urls.ts'
import { type ImageRow, toError } from '../products/record.ts'
import { bounded, readPage } from './page.ts'
import { decodePlace, encodePlace } from './place.ts'
import type { FoundImage, ImageFilter } from './schemas.ts'

const TIMEOUT_MS = 3000

const IMAGE_COLUMNS = [
  ...(['source_url', 'status', 'object_key', 'url', 'width', 'height', 'source_bytes', 'bytes'] as const),
  ...(['attempts', 'error_code', 'error_detail'] as const)
]

export interface Owner {
  product_id: number
  user_id: number | null
  external_id: string | null
  enqueued_at: Date
  due_at: Date
}

type Row = Pick<ImageRow, (typeof IMAGE_COLUMNS)[number]> & Owner & { id: string }

const COLUMNS = `${IMAGE_COLUMNS.map((name) => `i.${name}`).join(', ')},
  i.enqueued_at, i.due_at, p.user_id, p.external_id`

export interface SearchOptions {
  cursor?: string | undefined
  limit: number
  urlOf: UrlOf
}

/**
 * Resolves with a page of the images that match, those of the newest products first, and with the cursor of
 * the next page, or null on the last one. A page may be short although another one follows.
 */
export async function searchImages(
  pool: Pool,
  filter: ImageFilter,
  { cursor, limit, urlOf }: SearchOptions
): Promise<{ images: FoundImage[]; next: string | null }> {
  const after = cursor === undefined ? null : decodePlace(cursor)
  const options = { columns: COLUMNS, after, limit, at: new Date() }
  const { rows, next } = await bounded(pool, TIMEOUT_MS, (client) => readPage<Row>(client, filter, options))
  return { images: rows.map((row) => toFound(row, urlOf)), next: next && encodePlace(next) }
}

function toFound(row: Row, urlOf: UrlOf): FoundImage {
  const { object_key, error_code, error_detail, ...image } = row
  return { ...image, ...foundOf(row), url: urlToday(row, urlOf), error: toError(row) }
}

/** Returns the owner of an image, and since when it has its state. */
export const foundOf = ({ product_id, user_id, external_id, enqueued_at, due_at }: Owner) => ({
  product_id,
  user_id: user_id ?? 0,
  external_id,
  enqueued_at: enqueued_at.toISOString(),
  since: due_at.toISOString()
})
