import { mock } from 'node:test'
import t from 'tap'
import { Batcher, type BatchLimits } from '../../../lib/database/batcher.ts'

/** A batcher whose batches end when the test says so. */
function controlled(limits: BatchLimits<string> = { maxItems: 10 }) {
  const batches: { items: string[]; end: PromiseWithResolvers<void> }[] = []
  let begun = Promise.withResolvers<void>()
  const batcher = new Batcher<string>(async (items) => {
    const end = Promise.withResolvers<void>()
    batches.push({ items, end })
    begun.resolve()
    await end.promise
    return items.map(() => undefined)
  }, limits)
  const next = async () => {
    await begun.promise
    begun = Promise.withResolvers()
    const batch = batches.at(-1)
    if (!batch) throw new Error('no batch has begun')
    return batch
  }
  return { batcher, batches, next }
}

t.test('items of one turn go together, and those that follow while the batch is under way', async (t) => {
  const { batcher, next } = controlled()
  const first = [batcher.add('a'), batcher.add('b')]
  const { items, end } = await next()
  const second = [batcher.add('c'), batcher.add('d')]
  t.same(items, ['a', 'b'])
  end.resolve()
  await Promise.all(first)
  const following = await next()
  t.same(following.items, ['c', 'd'])
  following.end.resolve()
  await Promise.all(second)
})

t.test('there is one batch at a time', async (t) => {
  const { batcher, batches, next } = controlled()
  void batcher.add('a')
  const { end } = await next()
  const waiting = batcher.add('b')
  await new Promise(setImmediate)
  t.equal(batches.length, 1)
  end.resolve()
  ;(await next()).end.resolve()
  await waiting
})

t.test('the wait is estimated from the latest batches', async (t) => {
  let clock = 0
  const now = mock.method(performance, 'now', () => clock)
  t.teardown(() => now.mock.restore())
  const { batcher, next } = controlled({ maxItems: 2 })
  const ended: Promise<void>[] = []
  for (let batch = 0; batch < 100; batch++) {
    const item = batcher.add('a')
    const { end } = await next()
    clock += 50
    end.resolve()
    await item
  }
  ended.push(batcher.add('a'))
  const running = await next()
  t.equal(batcher.waitMs, 0)
  for (const item of ['b', 'c', 'd']) ended.push(batcher.add(item))
  t.equal(Math.round(batcher.waitMs), 100, 'two batches of 50 ms')
  running.end.resolve()
  for (const _ of ['b and c', 'd']) (await next()).end.resolve()
  await Promise.all(ended)
})

t.test('each item gets its own result, or its own error', async (t) => {
  const batcher = new Batcher<number, number>(
    async (items) => items.map((item) => (item < 3 ? item * 10 : Promise.reject(new Error(`no ${item}`)))),
    { maxItems: 10 }
  )
  t.match(await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item))), [
    { value: 10 },
    { value: 20 },
    { reason: { message: 'no 3' } }
  ])
})

t.test('two batches may be sent at once', async (t) => {
  const { batcher, batches } = controlled({ maxItems: 1, atOnce: 2, lanes: 2 })
  const ended = Promise.all(['a', 'b', 'c'].map((item) => batcher.add(item)))
  while (batches.length < 2) await new Promise(setImmediate)
  await new Promise(setImmediate)
  t.same(
    batches.map(({ items }) => items),
    [['a'], ['b']]
  )
  batches[1]?.end.resolve()
  while (batches.length < 3) await new Promise(setImmediate)
  for (const { end } of batches) end.resolve()
  await ended
})

t.test('a batch that is stalled holds nothing up, as long as there are lanes', async (t) => {
  const { batcher, batches } = controlled({ maxItems: 10, lanes: 2 })
  const ended = Promise.all(['a', 'b', 'c'].map((item) => batcher.add(item)))
  t.equal(batches.length, 0)
  while (batches.length < 1) await new Promise(setImmediate)
  const behind = batcher.add('d')
  t.equal(batches.length, 1)
  while (batches.length < 2) await new Promise(setImmediate)
  batches[1]?.end.resolve()
  await behind
  batches[0]?.end.resolve()
  await ended
  t.same(
    batches.map(({ items }) => items),
    [['a', 'b', 'c'], ['d']]
  )
})

t.test('while all lanes are stalled, the wait is at least as long as they have been', async (t) => {
  const { batcher, next } = controlled({ maxItems: 1, lanes: 1 })
  const stalled = batcher.add('a')
  const { end } = await next()
  t.equal(batcher.waitMs, 0)
  while (batcher.waitMs === 0) await new Promise(setImmediate)
  t.ok(batcher.waitMs > 0)
  end.resolve()
  await stalled
  await new Promise(setImmediate)
  t.equal(batcher.waitMs, 0)
})

t.test('a batch that fails fails its own items only', async (t) => {
  const { batcher, next } = controlled()
  const failing = [batcher.add('a'), batcher.add('b')]
  const { end } = await next()
  const good = batcher.add('c')
  end.reject(new Error('the server is away'))
  for (const item of failing) await t.rejects(item, { message: 'the server is away' })
  ;(await next()).end.resolve()
  await t.resolves(good)
})

t.test('a batch is bounded in items and in bytes, and an item that is too large goes alone', async (t) => {
  const limits = { maxItems: 3, maxBytes: 10, bytesOf: (item: string) => item.length }
  const { batcher, batches, next } = controlled(limits)
  const added = ['1', '2', '3', '4', '55555', '666666', 'seventy-seven', '8'].map((item) => batcher.add(item))
  const all = Promise.all(added)
  while (batches.flatMap(({ items }) => items).length < added.length) (await next()).end.resolve()
  await all
  t.same(
    batches.map(({ items }) => items),
    [['1', '2', '3'], ['4', '55555'], ['666666'], ['seventy-seven'], ['8']]
  )
})
