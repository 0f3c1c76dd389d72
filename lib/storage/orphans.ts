import type { Pool } from 'pg'
import { OBJECT_PREFIX, type ObjectStore, type StoredObject } from './object-store.ts'

const KEYS_A_QUERY = 500

/**
 * Objects that no image row names, older than `olderThanMs`: a younger one may belong to an image whose work has not been
 * committed yet. There should be none; they come from a database that was restored to an earlier time, say.
 */
export async function* orphans(
  pool: Pool,
  objects: ObjectStore,
  olderThanMs: number
): AsyncGenerator<StoredObject> {
  const before = Date.now() - olderThanMs
  let batch: StoredObject[] = []
  for await (const object of objects.list(OBJECT_PREFIX)) {
    if (object.modified.getTime() < before) batch.push(object)
    if (batch.length < KEYS_A_QUERY) continue
    yield* await withoutRow(pool, batch)
    batch = []
  }
  yield* await withoutRow(pool, batch)
}

async function withoutRow(pool: Pool, objects: StoredObject[]): Promise<StoredObject[]> {
  const keys = objects.map(({ key }) => key)
  const { rows } = await pool.query<{ key: string }>(
    `SELECT key FROM unnest($1::text[]) AS key
     WHERE NOT EXISTS (
       SELECT FROM product_images i
       WHERE i.product_id::text = split_part(key, '/', 2) AND (i.object_key = key OR key LIKE '%/' || i.id || '.jpg')
     )`,
    [keys]
  )
  const missing = new Set(rows.map(({ key }) => key))
  return objects.filter(({ key }) => missing.has(key))
}
