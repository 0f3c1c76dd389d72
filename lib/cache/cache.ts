import { channel } from 'node:diagnostics_channel'

/** Where reads can be watched: `{ hit: boolean }`. */
export const cacheReads = channel('asyncprod:cache-read')

/** A product as a client reads it, ready to be sent. */
export interface CachedProduct {
  version: number
  user_id: number
  /** Whether one of its images is pending. */
  pending: boolean
  json: string
}

/**
 * Keeps products that are read often. A read that starts after `invalidate` resolved never gets what was
 * there before, not even from another process: an entry is stored only if the product was not invalidated
 * since its load began. No method rejects because the cache is slow or gone, except `ping`; that costs time
 * only.
 */
export interface Cache {
  read(id: number, load: () => Promise<CachedProduct | null>): Promise<CachedProduct | null>
  /**
   * Resolves when no reader anywhere can get what was cached before, or after `maxWaitMs`: then it may be
   * served until it expires.
   */
  invalidate(id: number, maxWaitMs?: number): Promise<void>
  ping(): Promise<void>
}
