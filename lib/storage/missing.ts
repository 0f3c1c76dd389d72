import type { Pool } from 'pg'
import type { ObjectStore } from './object-store.ts'
import { PREFIXES } from './orphans.ts'

/** An object that a row names and the store does not have. */
export interface MissingObject {
  product_id: number
  key: string
  /** Results can be made again. */
  kind: 'result' | 'original' | 'upload'
}

/** Images that are pending are made again anyway, and their uploads may not have been sent yet. */
const NAMED = `
SELECT product_id, 'result' AS kind, object_key AS key FROM product_images
  WHERE object_key IS NOT NULL AND status <> 'pending'
UNION ALL SELECT product_id, 'result', r.value ->> 'key' FROM product_images, jsonb_each(renditions) AS r
  WHERE status <> 'pending'
UNION ALL SELECT product_id, 'original', original ->> 'key' FROM product_images WHERE original ->> 'key' IS NOT NULL
UNION ALL SELECT product_id, 'upload', 'uploads/' || substr(source_url, 8) FROM product_images
  WHERE source_url LIKE 'upload:%' AND status = 'done'`

/** Uploads that no product names yet, and that their clients have perhaps not sent. */
const UNUSED = `
SELECT 'uploads/' || id AS key FROM uploads u
WHERE NOT EXISTS (SELECT FROM product_images i WHERE i.source_url = 'upload:' || u.id)`

interface Missing {
  missing: MissingObject[]
  /** Keys of uploads that have no bytes and that no product names. */
  unsent: string[]
}

/** Compares what rows name with what the store lists. */
export async function missingObjects(pool: Pool, objects: ObjectStore): Promise<Missing> {
  const stored = new Set<string>()
  for (const prefix of PREFIXES) for await (const { key } of objects.list(prefix)) stored.add(key)
  const { rows: named } = await pool.query<MissingObject>(NAMED)
  const { rows: unused } = await pool.query<{ key: string }>(UNUSED)
  return {
    missing: named.filter(({ key }) => !stored.has(key)),
    unsent: unused.map(({ key }) => key).filter((key) => !stored.has(key))
  }
}
