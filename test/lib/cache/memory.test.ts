import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { MemoryCache } from '../../../lib/cache/memory.ts'

t.test('changes by a program that does not know the cache are seen after a few seconds', async (t) => {
  let now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  const cache = new MemoryCache()
  const readAfter = async (ms: number, json: string) => {
    now += ms
    await wait(2) // lru-cache looks at the clock once a millisecond
    return await cache.read(7, async () => ({ version: 1, user_id: 1, pending: false, json, digest: '' }))
  }
  t.match(await readAfter(0, 'old'), { json: 'old' })
  t.match(await readAfter(4999, 'new'), { json: 'old' })
  t.match(await readAfter(2, 'new'), { json: 'new' })
})
