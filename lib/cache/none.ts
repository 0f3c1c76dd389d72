import type { Cache, CachedProduct } from './cache.ts'

/**
 * No cache, for processes that share a database but no Redis. With a cache in each process, one would serve
 * what another has already replaced.
 */
export class NoCache implements Cache {
  read(_id: number, load: () => Promise<CachedProduct | null>): Promise<CachedProduct | null> {
    return load()
  }

  async invalidate(): Promise<void> {}

  async ping(): Promise<void> {}
}
