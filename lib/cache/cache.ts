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
  /** The beginning of the SHA-1 of `json`, in hexadecimal. */
  digest: string
}

/**
 * Caches products that are read often. A read that starts after `invalidate` has resolved never gets an older
 * version, not even from another process. An entry is stored only if the product was not invalidated since
 * its load began.
 * A slow or unavailable cache costs time, but only `ping` rejects because of it.
 */
export interface Cache {
  read(id: number, load: () => Promise<CachedProduct | null>): Promise<CachedProduct | null>
  /**
   * Resolves when no reader can get an older version any more, or after `maxWaitMs`. In the second case, an
   * older version may be served until it expires.
   */
  invalidate(id: number, maxWaitMs?: number): Promise<void>
  ping(): Promise<void>
}
