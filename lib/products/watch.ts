import { setTimeout as wait } from 'node:timers/promises'
import type { CachedProduct } from '../cache/cache.ts'
import type { ProductChangeFeed } from './change-feed.ts'
import type { ProductStore } from './store.ts'

export interface WatchOptions {
  products: ProductStore
  signal: ProductChangeFeed
  /** After so many milliseconds without a signal it looks by itself: one may have been lost. */
  quietMs: number
  /** Ends the watch. */
  stop: AbortSignal
}

/** Yields the product as it is now, then each time it may have changed, or was looked at again; null, at last, when it is gone. */
export async function* watch(
  id: number,
  { products, signal, quietMs, stop }: WatchOptions
): AsyncGenerator<CachedProduct | null, void> {
  let nudge = new AbortController()
  const wake = () => nudge.abort()
  const unwatch = signal.watch(id, wake)
  stop.addEventListener('abort', wake)
  try {
    while (!stop.aborted) {
      // Made before the read, so that a change during it is not missed.
      nudge = new AbortController()
      const product = await products.read(id)
      yield product
      if (!product) return
      if (!stop.aborted) await wait(quietMs, undefined, { signal: nudge.signal }).catch(() => undefined)
    }
  } finally {
    unwatch()
    stop.removeEventListener('abort', wake)
  }
}
