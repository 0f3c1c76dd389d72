import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import type { Cache, CachedProduct } from '../../../lib/cache/cache.ts'
import { MemoryCache } from '../../../lib/cache/memory.ts'
import { RedisCache } from '../../../lib/cache/redis.ts'
import { needsOwn, needsServices } from '../../support/servers/needs.ts'
import { startRedis } from '../../support/servers/redis.ts'
import { sharedRedis } from '../../support/servers/shared.ts'

const product = (version: number): CachedProduct => ({
  version,
  user_id: 1,
  pending: version % 2 === 1,
  json: `{"name":"Lämpchen 1 2 ${version}"}`
})
const load = (version: number) => async () => product(version)
const unused = () => Promise.reject(new Error('it should come from the cache'))

let lastId = 0

/** The id of a product that these have looked for before: such a one they keep. */
async function wanted(...caches: Cache[]): Promise<number> {
  const id = ++lastId
  for (const cache of caches) await cache.read(id, async () => null)
  return id
}

/** Reads until the answer comes from the cache: an entry may be put down after its reader has been answered. */
async function cached(cache: Cache, id: number): Promise<CachedProduct | null> {
  for (;;) {
    let loaded = false
    const entry = await cache.read(id, async () => {
      loaded = true
      return product(0)
    })
    if (!loaded) return entry
  }
}

/** What every cache has to do; `other` is what another process has, where there may be one. */
function conformance(t: Test, cache: Cache, other: Cache, runs: number): void {
  t.test('what is not there is loaded, and kept', async (t) => {
    const id = await wanted(cache, other)
    t.same(await cache.read(id, load(1)), product(1))
    await cached(other, id)
    t.same(await cache.read(id, unused), await other.read(id, unused))
  })

  t.test('an entry comes back as it was', async (t) => {
    const id = await wanted(cache)
    const entry = { version: 2_147_483_647, user_id: 9, pending: true, json: '{"a":" ? \\u0000 💡"}' }
    await cache.read(id, async () => entry)
    t.same(await cache.read(id, async () => entry), entry)
  })

  t.test('what does not exist is asked for again', async (t) => {
    const id = await wanted(cache, other)
    t.equal(await cache.read(id, async () => null), null)
    t.same(await other.read(id, load(1)), product(1))
  })

  t.test('a load that fails fails its reader only', async (t) => {
    const id = await wanted(cache)
    await t.rejects(
      cache.read(id, () => Promise.reject(new Error('away'))),
      { message: 'away' }
    )
    t.same(await cache.read(id, load(1)), product(1))
  })

  t.test('what is forgotten is loaded again', async (t) => {
    const id = await wanted(cache, other)
    await cache.read(id, load(1))
    await cached(other, id)
    await cache.invalidate(id)
    t.same(await other.read(id, load(2)), product(2))
  })

  t.test('what is loaded while it is forgotten is not kept', async (t) => {
    const id = await wanted(cache, other)
    const loading = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const reader = cache.read(id, async () => {
      loading.resolve()
      await go.promise
      return product(1)
    })
    await loading.promise
    await other.invalidate(id)
    go.resolve()
    await reader
    t.same(await cache.read(id, load(2)), product(2))
    t.same(await other.read(id, load(2)), product(2))
  })

  t.test('a read that starts after forget has resolved never sees what was before', async () => {
    const turns = fc.nat({ max: 6 })
    const step = fc.record({
      writes: fc.boolean(),
      elsewhere: fc.boolean(),
      start: fc.nat({ max: 30 }),
      before: turns,
      after: turns
    })
    const rest = async (count: number) => {
      for (let i = 0; i < count; i++) await turn()
    }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
        const id = await wanted(cache, other)
        let stored = 1
        let promised = 1
        await Promise.all(
          steps.map(async ({ writes, elsewhere, start, before, after }) => {
            const mine = elsewhere ? other : cache
            await rest(start)
            if (writes) {
              const version = ++stored
              await rest(before)
              await mine.invalidate(id)
              promised = Math.max(promised, version)
            } else {
              const least = promised
              const entry = await mine.read(id, async () => {
                await rest(before)
                const version = stored
                await rest(after)
                return product(version)
              })
              const version = entry?.version ?? 0
              if (version < least) throw new Error(`read ${version} after ${least} was promised`)
            }
          })
        )
      }),
      { numRuns: runs }
    )
  })
}

/** As the service connects: a command fails at once when Redis is away, soon when it is slow. */
function connect(t: Test, url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 250,
    retryStrategy: () => 50
  })
  redis.on('error', () => undefined)
  t.teardown(() => redis.disconnect())
  return redis
}

async function connected(t: Test, url: string): Promise<Redis> {
  const redis = connect(t, url)
  await new Promise((resolve) => redis.once('ready', resolve))
  return redis
}

t.test('in the process', async (t) => {
  const cache = new MemoryCache()
  conformance(t, cache, cache, 200)
  t.test('it can always be used', async (t) => t.resolves(cache.ping()))
})

t.test('in Redis', needsServices, async (t) => {
  const url = await (await sharedRedis(t)).createDatabase()
  const redis = await connected(t, url)
  const [cache, other] = [new RedisCache(redis), new RedisCache(await connected(t, url))]
  conformance(t, cache, other, 100)

  t.test('it can be used', async (t) => t.resolves(cache.ping()))

  t.test('what is read for the first time leaves nothing behind', async (t) => {
    const before = await redis.dbsize()
    t.same(await cache.read(++lastId, load(1)), product(1))
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

t.test('in a Redis that fails', needsOwn('redis'), async (t) => {
  const server = await startRedis()
  t.teardown(() => server.stop())
  const open = async (t: Test) => new RedisCache(await connected(t, server.url))

  t.test('reads do not fail while it is frozen, and a frozen write is not forgotten', async (t) => {
    const [cache, other] = [await open(t), await open(t)]
    const id = await wanted(cache, other)
    await cache.read(id, load(1))
    await cached(other, id)
    await server.pause()
    t.same(await cache.read(id, load(1)), product(1))
    const forgotten = cache.invalidate(id)
    await t.rejects(cache.ping())
    await server.resume()
    await forgotten
    t.same(await other.read(id, load(2)), product(2))
  })

  t.test('with an entry that cannot be reached, forget resolves only when it is gone', async (t) => {
    const [cache, other] = [await open(t), await open(t)]
    const id = await wanted(cache, other)
    await cache.read(id, load(1))
    await cached(other, id)
    await server.pause()
    await cache.invalidate(id)
    await server.resume()
    t.same(await other.read(id, load(2)), product(2))
  })

  t.test('who cannot wait for what cannot be reached need not', async (t) => {
    const cache = await open(t)
    const id = await wanted(cache)
    await server.pause()
    const patient = cache.invalidate(id).then(() => 'patient')
    const hurried = cache.invalidate(id, 1).then(() => 'hurried')
    t.equal(await Promise.race([patient, hurried]), 'hurried')
    await patient
    await server.resume()
  })

  t.test('reads and writes do not fail while it is gone', async (t) => {
    const cache = await open(t)
    const id = await wanted(cache)
    await cache.read(id, load(1))
    await server.kill()
    t.same(await cache.read(id, load(1)), product(1))
    await t.resolves(cache.invalidate(id))
    t.same(await cache.read(id, load(2)), product(2))
    await t.rejects(cache.ping())
    await server.restart()
  })

  t.test('after a restart it is used again', async (t) => {
    const redis = await connected(t, server.url)
    const cache = new RedisCache(redis)
    const again = new Promise((resolve) => redis.once('close', () => redis.once('ready', resolve)))
    await server.restart()
    await again
    const id = await wanted(cache)
    t.same(await cached(cache, id), product(0))
  })

  t.test('whatever freezes and flushes come in between, nothing stale is read', async (t) => {
    const [cache, other] = [await open(t), await open(t)]
    const flusher = await connected(t, server.url)
    const id = await wanted(cache, other)
    let stored = 1
    let promised = 1
    const wrong: string[] = []
    let running = true
    const reader = async (mine: Cache) => {
      while (running) {
        const least = promised
        const entry = await mine.read(id, async () => {
          const version = stored
          await turn()
          return product(version)
        })
        if ((entry?.version ?? 0) < least) wrong.push(`${entry?.version} after ${least}`)
      }
    }
    const readers = [cache, other, cache, other].map(reader)
    for (let round = 0; round < 12; round++) {
      if (round % 3 === 1) await server.pause()
      if (round % 3 === 2) await flusher.flushdb().catch(() => undefined)
      const version = ++stored
      const forgotten = cache.invalidate(id)
      if (round % 3 === 1) {
        await t.rejects(flusher.ping())
        await server.resume()
      }
      await forgotten
      promised = version
      for (let i = 0; i < 200; i++) await turn()
    }
    running = false
    await Promise.all(readers)
    t.same(wrong, [])
  })
})
