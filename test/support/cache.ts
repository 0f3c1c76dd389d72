import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Cache, CachedProduct } from '../../lib/cache/cache.ts'
import { createRedis } from '../../lib/cache/server.ts'

export const product = (version: number): CachedProduct => ({
  version,
  user_id: 1,
  pending: version % 2 === 1,
  json: `{"name":"Lämpchen 1 2 ${version}"}`,
  digest: `0000000${version % 10}`
})
export const load = (version: number) => async () => product(version)
export const unused = () => Promise.reject(new Error('the cache should have it'))

/** No database of a test gives such ids to products. */
let lastId = 1_000_000

/** The id of a product that no cache knows. */
export const freshId = () => ++lastId

/** The id of a product that these caches have read before: its next read is cached. */
export async function wanted(...caches: Cache[]): Promise<number> {
  const id = ++lastId
  for (const cache of caches) await cache.read(id, async () => null)
  return id
}

/** Reads until the product comes from the cache: an entry may be stored after its reader has returned. */
export async function cached(cache: Cache, id: number): Promise<CachedProduct | null> {
  for (;;) {
    let loaded = false
    const entry = await cache.read(id, async () => {
      loaded = true
      return product(0)
    })
    if (!loaded) return entry
    // Without a cache nothing else would let time pass.
    await turn()
  }
}

/** A client as the service has it, connected. */
export async function connected(t: Owner, url: string): Promise<Redis> {
  return connect(t, createRedis(url))
}

/** A client that may take its time. */
export async function administrator(t: Owner, url: string): Promise<Redis> {
  return connect(t, new Redis(url, { lazyConnect: true }))
}

async function connect(t: Owner, redis: Redis): Promise<Redis> {
  redis.on('error', () => undefined)
  t.teardown(() => redis.disconnect())
  void redis.connect().catch(() => undefined)
  if (redis.status !== 'ready') await once(redis, 'ready')
  return redis
}

interface Owner {
  teardown(end: () => void): unknown
}

/** Resolves when Redis has been examined and can be used. */
export async function usable(...caches: Cache[]): Promise<void> {
  for (const cache of caches) {
    const id = await wanted(cache)
    await cached(cache, id)
  }
}
