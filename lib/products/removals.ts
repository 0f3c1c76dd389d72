import type { NewOutboxRow } from '../outbox/row.ts'
import { imagePrefix, productPrefix } from '../storage/object-key.ts'
import { LONGEST_UPLOAD_MS } from '../storage/object-store.ts'
import type { Attempt } from './changes.ts'
import type { ImageRow } from './record.ts'

/**
 * What is to be removed with an image row: its object at once, and once more when no upload for the image can
 * be under way, with whatever else has been stored for it. `jobTimeoutMs` bounds how long a worker may be
 * busy with it.
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

/** A worker died during the work on the product: what it stored without recording it is removed. */
export const leftoversOf = (productId: number, jobTimeoutMs: number): NewOutboxRow => ({
  kind: 'object',
  payload: { prefix: productPrefix(productId) },
  wait_ms: leftoversWaitMs(jobTimeoutMs)
})

/** After that no attempt that runs now can store anything. */
export const leftoversWaitMs = (jobTimeoutMs: number) => jobTimeoutMs + LONGEST_UPLOAD_MS

/**
 * What attempts have put, or may have put, into the store and the rows do not name: removed at once, and once
 * more when the store can no longer carry out the upload. No later attempt has the same key.
 */
export function strayRemovals(attempts: Attempt[], rows: Pick<ImageRow, 'object_key'>[]): NewOutboxRow[] {
  const named = new Set(rows.map(({ object_key }) => object_key))
  const keys = attempts.flatMap(({ outcome: { object_key: key } }) => (key && !named.has(key) ? [key] : []))
  return keys.flatMap((key) =>
    [0, LONGEST_UPLOAD_MS].map((wait_ms) => ({ kind: 'object', payload: { key }, wait_ms }))
  )
}
