import type { NewOutboxRow } from '../outbox/row.ts'
import { imagePrefix, productPrefix } from '../storage/object-key.ts'
import { LONGEST_UPLOAD_MS } from '../storage/object-store.ts'
import type { Attempt } from './changes.ts'
import type { ImageRow } from './record.ts'

/**
 * Returns the removals that an image row leaves: its object at once, and again, with all other objects of the
 * image, when no upload for it can still be running. `jobTimeoutMs` bounds how long a worker may process the
 * image.
 */
export function removalsOf(productId: number, row: ImageRow, jobTimeoutMs: number): NewOutboxRow[] {
  const key = row.object_key
  const named = key ? { key } : {}
  const late = {
    payload: { ...named, prefix: imagePrefix(productId, row.id) },
    wait_ms: leftoversWaitMs(jobTimeoutMs)
  }
  const rows = key ? [{ payload: named, wait_ms: 0 }, late] : [late]
  return rows.map((removal) => ({ kind: 'object', ...removal }))
}

/** Removes what a worker stored but did not record before it died. */
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
export function strayRemovals(attempts: Attempt[], rows: Pick<ImageRow, 'object_key'>[]): NewOutboxRow[] {
  const named = new Set(rows.map(({ object_key }) => object_key))
  const keys = attempts.flatMap(({ outcome: { object_key: key } }) => (key && !named.has(key) ? [key] : []))
  return keys.flatMap((key) =>
    [0, LONGEST_UPLOAD_MS].map((wait_ms) => ({ kind: 'object', payload: { key }, wait_ms }))
  )
}
