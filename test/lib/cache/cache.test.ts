import t from 'tap'
import { MemoryCache } from '../../../lib/cache/memory.ts'
import { RedisCache } from '../../../lib/cache/redis.ts'
import { cached, connected, freshId, load, product, usable, wanted } from '../../support/cache.ts'
import { createLog } from '../../support/log.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedRedis } from '../../support/servers/shared.ts'
import { conformance } from './conformance.ts'

t.test('in the process', async (t) => {
  const cache = new MemoryCache()
  conformance(t, cache, cache, 200)
  t.test('it can always be used', async (t) => t.resolves(cache.ping()))
})

t.test('in Redis', needsServices, async (t) => {
  const url = await (await sharedRedis(t)).createDatabase()
  const redis = await connected(t, url)
  const log = createLog()
  const [cache, other] = [new RedisCache(redis, log), new RedisCache(await connected(t, url), log)]
  await usable(cache, other)
  conformance(t, cache, other, 100)

  t.test('it can be used', async (t) => t.resolves(cache.ping()))

  t.test('a product that is read for the first time leaves nothing behind', async (t) => {
    const before = await redis.dbsize()
    t.same(await cache.read(freshId(), load(1)), product(1))
    t.equal(await redis.dbsize(), before)
  })

  t.test('a flush in the middle of a load leaves nothing stale behind', async (t) => {
    const id = await wanted(cache, other)
    const reader = cache.read(id, async () => {
      const old = product(1)
      await redis.flushdb()
      await other.invalidate(id)
      return old
    })
    await reader
    t.same(await other.read(id, load(2)), product(2))
  })

  t.test('a flush and another reader’s lease in the middle of a load are no invitation', async (t) => {
    const id = await wanted(cache, other)
    const go = Promise.withResolvers<void>()
    const loading = Promise.withResolvers<void>()
    await cache.read(id, async () => {
      await redis.flushdb()
      const second = other.read(id, async () => {
        loading.resolve()
        await go.promise
        return product(2)
      })
      await loading.promise
      setImmediate(() => go.resolve())
      void second
      return product(1)
    })
    t.same(await cached(other, id), product(2))
  })
})
