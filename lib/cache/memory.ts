import { LRUCache } from 'lru-cache'
import { type Cache, type CachedProduct, cacheReads } from './cache.ts'

/** As short as in Redis: a program that does not know this cache may also write to the database. */
const ENTRY_MS = 5000

/** The cache of a service that is one process. */
export class MemoryCache implements Cache {
  readonly #entries = new LRUCache<number, CachedProduct>({
    ttl: ENTRY_MS,
    maxSize: 64 * 1024 * 1024,
    sizeCalculation: ({ json }) => json.length * 2 + 100
  })
  readonly #loads = new Map<number, symbol>()

  async read(id: number, load: () => Promise<CachedProduct | null>): Promise<CachedProduct | null> {
    const entry = this.#entries.get(id)
    cacheReads.publish({ hit: entry !== undefined })
    if (entry) return entry
    const mine = Symbol()
    this.#loads.set(id, mine)
    try {
      const loaded = await load()
      if (loaded && this.#loads.get(id) === mine) this.#entries.set(id, loaded)
      return loaded
    } finally {
      if (this.#loads.get(id) === mine) this.#loads.delete(id)
    }
  }

  async invalidate(id: number): Promise<void> {
    this.#loads.delete(id)
    this.#entries.delete(id)
  }

  async ping(): Promise<void> {}
}
