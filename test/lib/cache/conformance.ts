import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Cache } from '../../../lib/cache/cache.ts'
import { cached, load, product, unused, wanted } from '../../support/cache.ts'

/** What every cache has to do; `other` is what another process has, where there may be one. */
export function conformance(t: Test, cache: Cache, other: Cache, runs: number): void {
  t.test('a product that is not cached is loaded, and kept', async (t) => {
    const id = await wanted(cache, other)
    t.same(await cache.read(id, load(1)), product(1))
    await cached(other, id)
    t.same(await cache.read(id, unused), await other.read(id, unused))
  })

  t.test('an entry comes back as it was', async (t) => {
    const id = await wanted(cache)
    const entry = {
      version: 2_147_483_647,
      user_id: 9,
      pending: true,
      json: '{"a":" ? \\u0000 💡"}',
      digest: '01ab23cd'
    }
    await cache.read(id, async () => entry)
    t.same(await cache.read(id, async () => entry), entry)
  })

  t.test('a product that does not exist is asked for again', async (t) => {
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

  t.test('a product that is invalidated is loaded again', async (t) => {
    const id = await wanted(cache, other)
    await cache.read(id, load(1))
    await cached(other, id)
    await cache.invalidate(id)
    t.same(await other.read(id, load(2)), product(2))
  })

  t.test('a product that is loaded while it is invalidated is not kept', async (t) => {
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

  t.test('a read that starts after an invalidation never sees what was before', async () => {
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
