import type { NewOutboxRow } from '../outbox/row.ts'
import { productPrefix } from '../storage/object-key.ts'
import { LONGEST_UPLOAD_MS } from '../storage/object-store.ts'
import type { Attempt } from './changes.ts'
import { type ImageRow, type KeyedRow, keysOf } from './record.ts'

/**
 * Returns the removals that image rows leave: of their objects at once, and, when no upload for them can
 * still be running, of objects of the product that no image row names. `jobTimeoutMs` bounds how long a
 * worker may process an image.
 */
export function removalsOf(productId: number, rows: ImageRow[], jobTimeoutMs: number): NewOutboxRow[] {
  if (rows.length === 0) return []
  const named = rows
    .flatMap(keysOf)
    .map((key): NewOutboxRow => ({ kind: 'object', payload: { key }, wait_ms: 0 }))
  return [...named, leftoversOf(productId, leftoversWaitMs(jobTimeoutMs))]
}

/**
 * Returns the removals of objects that images had before a change and have no more. Pages and caches that
 * have their URLs may still show them for as long as an upload may take.
 */
export function replacedRemovals(before: KeyedRow[], after: KeyedRow[]): NewOutboxRow[] {
  const kept = new Set(after.flatMap(keysOf))
  return before
    .flatMap(keysOf)
    .filter((key) => !kept.has(key))
    .map((key) => ({ kind: 'object', payload: { key }, wait_ms: LONGEST_UPLOAD_MS }))
}

/**
 * Removes what was stored of a product but is named by no row, as by a worker that died, `waitMs` from now.
 */
export const leftoversOf = (productId: number, waitMs: number): NewOutboxRow => ({
  kind: 'object',
  payload: { prefix: productPrefix(productId) },
  wait_ms: waitMs
})

/** After this time, no attempt that is running now can store an object. */
export const leftoversWaitMs = (jobTimeoutMs: number) => jobTimeoutMs + LONGEST_UPLOAD_MS

/**
 * Returns the removal of objects that attempts stored, or may have stored, but no row names. It is one
 * listing, when the store can no longer complete an upload: a store that fails gets no requests for each
 * object that it refused.
 */
export function strayRemovals(productId: number, attempts: Attempt[], rows: KeyedRow[]): NewOutboxRow[] {
  const named = new Set(rows.flatMap(keysOf))
  const stored = attempts.flatMap(({ outcome: { stored = [] } }) => stored)
  return stored.every((key) => named.has(key)) ? [] : [leftoversOf(productId, LONGEST_UPLOAD_MS)]
}
