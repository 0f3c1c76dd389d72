import type { Cache, CachedProduct } from './cache.ts'

/** No cache, for processes that share a database and no Redis: one kept in each would answer what another has replaced. */
export class NoCache implements Cache {
  read(_id: number, load: () => Promise<CachedProduct | null>): Promise<CachedProduct | null> {
    return load()
  }

  async invalidate(): Promise<void> {}

  async ping(): Promise<void> {}
}
