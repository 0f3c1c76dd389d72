import type { Pool } from 'pg'
import { type UrlOf, withUrls } from './image-urls.ts'
import { finishedUrls, type ProductRecord, RECORD_COLUMNS } from './record.ts'

const PAGE = 500

const READ = `
SELECT ${RECORD_COLUMNS}, coalesce(p.compressed_product_images, '{}') AS stored
FROM products p WHERE p.id > $1 ORDER BY p.id LIMIT ${PAGE}`

/** `$1` StaleProduct[]. With a new version, triggers do not take this for a statement of the Go service. */
const WRITE = `
WITH product AS (
  UPDATE products p SET compressed_product_images = s.urls, version = p.version + 1
  FROM jsonb_to_recordset($1::jsonb) AS s (id integer, version integer, urls text[], images jsonb)
  WHERE p.id = s.id AND p.version = s.version
  RETURNING p.id, s.images
), image AS (
  UPDATE product_images i SET url = u.url
  FROM product, jsonb_to_recordset(product.images) AS u (id uuid, url text)
  WHERE i.id = u.id AND i.product_id = product.id
)
SELECT id FROM product`

interface StaleProduct {
  id: number
  version: number
  urls: string[]
  images: { id: string; url: string | null }[]
}

/**
 * Replaces the URLs that are stored in the tables, which only the Go service reads, by today's. Yields the
 * number of products after each page that had some.
 */
export async function* refreshStoredUrls(pool: Pool, addressOf: UrlOf): AsyncGenerator<number> {
  for (let after = 0; ; ) {
    const { rows: page } = await pool.query<ProductRecord & { stored: string[] }>(READ, [after])
    const last = page.at(-1)
    if (!last) return
    const stale = page.flatMap(({ stored, ...record }) => staleOf(record, stored, addressOf))
    const { rows } = await pool.query<{ id: number }>(WRITE, [JSON.stringify(stale)])
    if (rows.length > 0) yield rows.length
    // A product that has changed meanwhile is read again.
    const written = new Set(rows.map(({ id }) => id))
    const missed = stale.find(({ id }) => !written.has(id))
    after = missed ? missed.id - 1 : last.id
  }
}

function staleOf(record: ProductRecord, stored: string[], addressOf: UrlOf): StaleProduct[] {
  const { id, version, product_images, images } = withUrls(record, addressOf)
  const before = new Map(record.images.map((row) => [row.id, row.url]))
  const stale = images.filter((row) => row.url !== before.get(row.id))
  const urls = finishedUrls(product_images, images)
  const isCurrent = stale.length === 0 && JSON.stringify(urls) === JSON.stringify(stored)
  return isCurrent ? [] : [{ id, version, urls, images: stale.map(({ id, url }) => ({ id, url })) }]
}
