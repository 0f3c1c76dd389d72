import t from 'tap'
import { Batcher } from '../../../lib/outbox/batcher.ts'

/** A batcher whose batches end when the test says so. */
function controlled(maxItems = 10) {
  const batches: { items: string[]; end: PromiseWithResolvers<void> }[] = []
  let begun = Promise.withResolvers<void>()
  const batcher = new Batcher<string>((items) => {
    const end = Promise.withResolvers<void>()
    batches.push({ items, end })
    begun.resolve()
    return end.promise
  }, maxItems)
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

t.test('a batch is bounded in items', async (t) => {
  const { batcher, batches, next } = controlled(3)
  const added = ['1', '2', '3', '4', '5', '6', '7'].map((item) => batcher.add(item))
  const all = Promise.all(added)
  while (batches.flatMap(({ items }) => items).length < added.length) (await next()).end.resolve()
  await all
  t.same(
    batches.map(({ items }) => items),
    [['1', '2', '3'], ['4', '5', '6'], ['7']]
  )
})
