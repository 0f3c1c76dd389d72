import type { Pool } from 'pg'
import { definitionOf } from '../image/rendition.ts'
import type { Wanted } from './current.ts'
import type { ImageRow } from './record.ts'

/** The definitions of an image's renditions by name. */
const DEFINITIONS = `
  (SELECT coalesce(jsonb_object_agg(r.key, r.value->'definition'), '{}') FROM jsonb_each(i.renditions) AS r)`

/** As `isCurrent`. `$1`: today's definitions by name, `$2`: whether there are placeholders. */
const IS_OUTDATED = `
  i.status = 'done' AND (
    i.object_key IS NULL OR NOT ${DEFINITIONS} @> $1::jsonb OR $2::boolean AND i.placeholder IS NULL)`

/** The keys of `$1` are the names of today's renditions. */
const GONE = `(SELECT count(*) FROM jsonb_object_keys(i.renditions) AS name WHERE NOT $1::jsonb ? name)`

export interface OutdatedCounts {
  /** Images that are done. */
  done: number
  /** Images that lack results of today's settings, or have them by an earlier definition. */
  outdated: number
  /** Outdated images with a rendition by an earlier definition. */
  redefined: number
  /** Outdated images of which no original is kept. */
  withoutOriginal: number
  /** Images with renditions that are no longer defined, and the number of these renditions. */
  withGone: number
  gone: number
}

const COUNT = `
SELECT count(*)::integer AS done,
  count(*) FILTER (WHERE outdated)::integer AS outdated,
  count(*) FILTER (WHERE outdated AND redefined)::integer AS redefined,
  count(*) FILTER (WHERE outdated AND original IS NULL AND NOT upload)::integer AS "withoutOriginal",
  count(*) FILTER (WHERE gone > 0)::integer AS "withGone",
  coalesce(sum(gone), 0)::integer AS gone
FROM (
  SELECT i.original, i.source_url LIKE 'upload:%' AS upload, ${IS_OUTDATED} AS outdated, ${GONE} AS gone,
    EXISTS (SELECT FROM jsonb_each(${DEFINITIONS}) AS d WHERE $1::jsonb->d.key <> d.value) AS redefined
  FROM product_images i WHERE i.status = 'done'
) AS image`

const valuesOf = ({ renditions, placeholders }: Wanted) => [
  Object.fromEntries(renditions.map((rendition) => [rendition.name, definitionOf(rendition)])),
  placeholders
]

/** Resolves with how far results differ from what today's settings ask for. */
export async function countOutdated(pool: Pool, wanted: Wanted): Promise<OutdatedCounts> {
  const { rows } = await pool.query<OutdatedCounts>(COUNT, valuesOf(wanted))
  if (!rows[0]) throw new Error('The database returned no row')
  return rows[0]
}

/** Resolves with some of the outdated images. */
export async function sampleOutdated(
  pool: Pool,
  wanted: Wanted,
  limit: number
): Promise<(ImageRow & { product_id: number })[]> {
  const { rows } = await pool.query(
    `SELECT i.* FROM product_images i WHERE ${IS_OUTDATED} ORDER BY random() LIMIT $3`,
    [...valuesOf(wanted), limit]
  )
  return rows
}

/** Yields pages of ascending ids of products with outdated images. */
export const outdatedProducts = (pool: Pool, wanted: Wanted, limit: number) =>
  productPages(pool, IS_OUTDATED, valuesOf(wanted), limit)

/** The same, of products with renditions that are no longer defined. */
export const productsToPrune = (pool: Pool, wanted: Wanted, limit: number) =>
  productPages(pool, `i.status = 'done' AND $2::boolean IS NOT NULL AND ${GONE} > 0`, valuesOf(wanted), limit)

async function* productPages(pool: Pool, condition: string, values: unknown[], limit: number) {
  for (let after = 0; ; ) {
    const { rows } = await pool.query<{ id: number }>(
      `SELECT DISTINCT i.product_id AS id FROM product_images i
       WHERE i.product_id > $3 AND ${condition} ORDER BY i.product_id LIMIT $4`,
      [...values, after, limit]
    )
    const ids = rows.map(({ id }) => id)
    const last = ids.at(-1)
    if (last === undefined) return
    yield ids
    after = last
  }
}

/** Resolves with the number of images that are being made again. */
export async function countRemakes(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM product_images WHERE status = 'pending' AND url IS NOT NULL`
  )
  return rows[0]?.count ?? 0
}
