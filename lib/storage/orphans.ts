import type { Pool } from 'pg'
import { isOurs, isOwnKey } from './object-key.ts'
import {
  OBJECT_PREFIX,
  type ObjectStore,
  ORIGINAL_PREFIX,
  type StoredObject,
  UPLOAD_PREFIX
} from './object-store.ts'

const KEYS_A_QUERY = 500
const OBJECTS_A_PAGE = 1000

/** Of all that the service stores. */
export const PREFIXES = [OBJECT_PREFIX, ORIGINAL_PREFIX, UPLOAD_PREFIX]

/**
 * Keys that no row names, not even an outbox row that will remove them once pages no longer show them, and
 * that no pending image can still record, as its generation is another.
 */
const ORPHANS = `
SELECT key FROM unnest($1::text[]) AS key
WHERE NOT EXISTS (
  SELECT FROM product_images i
  WHERE i.product_id = CASE WHEN key ~ '^(products|originals)/\\d{1,10}/' THEN split_part(key, '/', 2)::bigint END
    AND (i.object_key = key OR i.original->>'key' = key
      OR jsonb_path_exists(i.renditions, '$.*.key ? (@ == $key)', jsonb_build_object('key', key))
      OR i.status = 'pending' AND starts_with(split_part(key, '/', 3), i.id || '-' || i.generation || '-'))
) AND NOT EXISTS (
  SELECT FROM uploads u
  WHERE u.id = CASE WHEN key ~ '^uploads/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    THEN split_part(key, '/', 2)::uuid END
) AND NOT EXISTS (SELECT FROM outbox o WHERE o.kind = 'object' AND o.payload->>'key' = key)`

/**
 * Yields objects without an image that are older than `olderThanMs`, or of any age. The Go service records
 * its objects only when all images of the product are made. Orphans come from killed workers and from
 * restored databases.
 */
export async function* orphans(
  pool: Pool,
  objects: ObjectStore,
  { prefixes = PREFIXES, olderThanMs }: { prefixes?: string[]; olderThanMs?: number }
): AsyncGenerator<StoredObject> {
  // Without an age, the clock of the store does not matter: some round a time up to the next second.
  const before = olderThanMs === undefined ? Number.POSITIVE_INFINITY : Date.now() - olderThanMs
  let batch: StoredObject[] = []
  for (const prefix of prefixes) {
    for await (const object of objects.list(prefix)) {
      if (object.modified.getTime() < before && isOurs(object.key)) batch.push(object)
      if (batch.length < KEYS_A_QUERY) continue
      yield* await withoutImage(pool, batch)
      batch = []
    }
  }
  yield* await withoutImage(pool, batch)
}

export interface ObjectPage {
  objects: StoredObject[]
  /** The last key, after which the next page begins. Null at the end. */
  next: string | null
}

/** Resolves with the next 1000 objects of the service after a key, by ascending key. */
export async function listPage(objects: ObjectStore, after: string): Promise<ObjectPage> {
  const page: StoredObject[] = []
  for (const prefix of PREFIXES.toSorted()) {
    for await (const object of objects.list(prefix, after)) {
      page.push(object)
      if (page.length === OBJECTS_A_PAGE) return { objects: page, next: object.key }
    }
  }
  return { objects: page, next: null }
}

/** Resolves with the orphans among these objects that are older than `olderThanMs`. */
export function orphansAmong(
  pool: Pool,
  objects: StoredObject[],
  olderThanMs: number
): Promise<StoredObject[]> {
  const before = Date.now() - olderThanMs
  return withoutImage(
    pool,
    objects.filter(({ key, modified }) => isOurs(key) && modified.getTime() < before)
  )
}

/** Removes our own orphans below the prefixes, of any age: by their keys no image can need them any more. */
export async function removeOrphans(
  pool: Pool,
  objects: ObjectStore,
  prefixes: string[],
  signal: AbortSignal
): Promise<void> {
  for await (const { key } of orphans(pool, objects, { prefixes })) {
    if (isOwnKey(key)) await objects.remove(key, signal)
  }
}

/** Resolves with the objects that no image names or will name. */
export async function withoutImage(pool: Pool, objects: StoredObject[]): Promise<StoredObject[]> {
  if (objects.length === 0) return []
  const { rows } = await pool.query<{ key: string }>(ORPHANS, [objects.map(({ key }) => key)])
  const keys = new Set(rows.map(({ key }) => key))
  return objects.filter(({ key }) => keys.has(key))
}
