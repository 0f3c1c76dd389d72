import { setTimeout as wait } from 'node:timers/promises'
import type { CachedProduct } from '../cache/cache.ts'
import type { ProductChangeFeed } from './change-feed.ts'
import type { ProductStore } from './store.ts'

export interface WatchOptions {
  products: Pick<ProductStore, 'read' | 'readChanged'>
  changeFeed: ProductChangeFeed
  /**
   * After this time without a change, the product is read anyway, because a notification may have been lost.
   */
  quietMs: number
  /** Ends the watch. */
  stop: AbortSignal
}

/**
 * Yields the product, then again after each change and each quiet time; null, and the end, when it is gone.
 */
export async function* watch(
  id: number,
  { products, changeFeed, quietMs, stop }: WatchOptions
): AsyncGenerator<CachedProduct | null, void> {
  let changed = new AbortController()
  const wake = () => changed.abort()
  const unsubscribe = changeFeed.subscribe(id, wake)
  stop.addEventListener('abort', wake)
  try {
    while (!stop.aborted) {
      const hasChanged = changed.signal.aborted
      // Before the read, so that a change during it is not missed.
      changed = new AbortController()
      const product = await (hasChanged ? products.readChanged(id) : products.read(id))
      yield product
      if (!product) return
      if (!stop.aborted) await wait(quietMs, undefined, { signal: changed.signal }).catch(() => undefined)
    }
  } finally {
    unsubscribe()
    stop.removeEventListener('abort', wake)
  }
}
