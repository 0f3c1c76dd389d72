import type { NewOutboxRow } from '../outbox/row.ts'
import { productPrefix } from '../storage/object-key.ts'
import { LONGEST_UPLOAD_MS } from '../storage/object-store.ts'
import type { Attempt } from './changes.ts'
import { type ImageRow, keysOf } from './record.ts'

/**
 * Returns the removals that image rows leave: their objects at once, and whatever else is stored of the
 * product when no upload for them can still be running. `jobTimeoutMs` bounds how long a worker may process
 * an image.
 */
export function removalsOf(productId: number, rows: ImageRow[], jobTimeoutMs: number): NewOutboxRow[] {
  if (rows.length === 0) return []
  const named = rows
    .flatMap(keysOf)
    .map((key): NewOutboxRow => ({ kind: 'object', payload: { key }, wait_ms: 0 }))
  return [...named, leftoversOf(productId, jobTimeoutMs)]
}

/** Removes what was stored of a product but is named by no row, as by a worker that died. */
export const leftoversOf = (productId: number, jobTimeoutMs: number): NewOutboxRow => ({
  kind: 'object',
  payload: { prefix: productPrefix(productId) },
  wait_ms: leftoversWaitMs(jobTimeoutMs)
})

/** After this time, no attempt that is running now can store an object. */
export const leftoversWaitMs = (jobTimeoutMs: number) => jobTimeoutMs + LONGEST_UPLOAD_MS

/**
 * Returns the removals of objects that attempts stored, or may have stored, but no row names. Each is removed
 * at once, and again when the store can no longer complete the upload. No later attempt has the same key.
 */
export function strayRemovals(
  attempts: Attempt[],
  rows: Pick<ImageRow, 'object_key' | 'renditions'>[]
): NewOutboxRow[] {
  const named = new Set(rows.flatMap(keysOf))
  const keys = attempts.flatMap(({ outcome: { stored = [] } }) => stored).filter((key) => !named.has(key))
  return keys.flatMap((key) =>
    [0, LONGEST_UPLOAD_MS].map((wait_ms) => ({ kind: 'object', payload: { key }, wait_ms }))
  )
}
