import { mock } from 'node:test'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Cache } from '../../../lib/cache/cache.ts'
import { RedisCache } from '../../../lib/cache/redis.ts'
import { cached, connected, load, product, usable, wanted } from '../../support/cache.ts'
import { createLog } from '../../support/log.ts'
import { needsOwn } from '../../support/servers/needs.ts'
import { startRedis } from '../../support/servers/redis.ts'
import { createTcpProxy } from '../../support/tcp-proxy.ts'

const HOUR = 3_600_000

t.test('in a Redis that fails', needsOwn('redis'), async (t) => {
  const server = await startRedis()
  t.teardown(() => server.stop())
  const open = async (t: Test) => {
    const cache = new RedisCache(await connected(t, server.url), createLog())
    await usable(cache)
    return cache
  }

  t.test('reads do not fail while it is frozen, and an invalidation is not lost', async (t) => {
    const [cache, other] = [await open(t), await open(t)]
    const id = await wanted(cache, other)
    await cache.read(id, load(1))
    await cached(other, id)
    await server.pause()
    t.same(await cache.read(id, load(1)), product(1))
    const invalidated = cache.invalidate(id)
    await t.rejects(cache.ping())
    await server.resume()
    await invalidated
    t.same(await other.read(id, load(2)), product(2))
  })

  t.test('an invalidation resolves only when an entry out of reach has expired', async (t) => {
    const [cache, other] = [await open(t), await open(t)]
    const id = await wanted(cache, other)
    await cache.read(id, load(1))
    await cached(other, id)
    await server.pause()
    await cache.invalidate(id)
    await server.resume()
    t.same(await other.read(id, load(2)), product(2))
  })

  for (const [step, ms] of [
    ['forward', HOUR],
    ['back', -HOUR]
  ] as const) {
    t.test(`nor does it matter that the clock is set ${step} by an hour meanwhile`, async (t) => {
      const link = await createTcpProxy(server.url)
      t.teardown(link.close)
      await link.open()
      const writer = new RedisCache(await connected(t, link.url), createLog())
      const other = await open(t)
      const id = await wanted(other)
      await cached(other, id)
      await link.close()
      const invalidated = writer.invalidate(id)
      const { now } = Date
      const clock = mock.method(Date, 'now', () => now() + ms)
      t.teardown(() => clock.mock.restore())
      await invalidated
      clock.mock.restore()
      t.same(await other.read(id, load(2)), product(2))
    })
  }

  t.test('nor is an entry left that was loaded before and stored after it began', async (t) => {
    const link = await createTcpProxy(server.url)
    t.teardown(link.close)
    await link.open()
    const other = await open(t)
    const writer = new RedisCache(await connected(t, link.url), createLog())
    const id = await wanted(other)
    const [loading, loaded] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const read = other.read(id, async () => {
      loading.resolve()
      await loaded.promise
      return product(1)
    })
    await loading.promise
    await link.close()
    const invalidated = writer.invalidate(id)
    // As late as its lease lets it, on a busy machine.
    await wait(500)
    loaded.resolve()
    await read
    t.same(await cached(other, id), product(1))
    await invalidated
    t.same(await other.read(id, load(2)), product(2))
  })

  t.test('a writer that cannot wait for it does not', async (t) => {
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
    const cache = new RedisCache(redis, createLog())
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
      const invalidated = cache.invalidate(id)
      if (round % 3 === 1) {
        await t.rejects(flusher.ping())
        await server.resume()
      }
      await invalidated
      promised = version
      for (let i = 0; i < 200; i++) await turn()
    }
    running = false
    await Promise.all(readers)
    t.same(wrong, [])
  })
})
