import t from 'tap'
import { ProductChangeFeed } from '../../../lib/products/change-feed.ts'
import { type WatchOptions, watch } from '../../../lib/products/watch.ts'
import { buildTestApp } from '../../support/app.ts'

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 1 }
const LONG_MS = 1_000_000

const { products } = await buildTestApp(t)

/** With a feed of its own: the store publishes to another. */
function start(id: number, quietMs = LONG_MS, reader: WatchOptions['products'] = products) {
  const changeFeed = new ProductChangeFeed(null)
  const stop = new AbortController()
  const states = watch(id, { products: reader, changeFeed, quietMs, stop: stop.signal })
  return { changeFeed, stop, states, version: async () => (await states.next()).value?.version }
}

t.test('a change between two reads is not missed', async (t) => {
  const id = await products.create(LAMP)
  const { changeFeed, states, version } = start(id)
  t.equal(await version(), 1)
  await products.update({ id }, LAMP)
  changeFeed.publish(id)
  t.equal(await version(), 2)
  await states.return()
})

t.test('a change during a read is not missed', async (t) => {
  const id = await products.create(LAMP)
  const stale = await products.read(id)
  const { changeFeed, states, version } = start(id, LONG_MS, {
    async read(id) {
      await products.update({ id }, LAMP)
      changeFeed.publish(id)
      return stale
    },
    readChanged: (id) => products.readChanged(id)
  })
  t.equal(await version(), 1)
  t.equal(await version(), 2)
  await states.return()
})

t.test('only a change is read past the cache', async (t) => {
  const id = await products.create(LAMP)
  const reads: string[] = []
  const reader: WatchOptions['products'] = {
    read: (id) => products.read(id).finally(() => reads.push('cached')),
    readChanged: (id) => products.readChanged(id).finally(() => reads.push('changed'))
  }
  const changed = start(id, LONG_MS, reader)
  await changed.version()
  changed.changeFeed.publish(id)
  await changed.version()
  await changed.states.return()
  const quiet = start(id, 1, reader)
  await quiet.version()
  await quiet.version()
  await quiet.states.return()
  t.strictSame(reads, ['cached', 'changed', 'cached', 'cached'])
})

t.test('a lost change costs time only', async (t) => {
  const id = await products.create(LAMP)
  const { states, version } = start(id, 1)
  t.equal(await version(), 1)
  await products.update({ id }, LAMP)
  t.equal(await version(), 2)
  await states.return()
})

t.test('a product that is gone ends it', async (t) => {
  const id = await products.create(LAMP)
  const { changeFeed, states } = start(id)
  await states.next()
  await products.delete({ id })
  changeFeed.publish(id)
  t.strictSame(await states.next(), { value: null, done: false })
  t.strictSame(await states.next(), { value: undefined, done: true })
})

t.test('it can be stopped while it waits', async (t) => {
  const { stop, states, version } = start(await products.create(LAMP))
  await version()
  const last = states.next()
  stop.abort()
  t.strictSame(await last, { value: undefined, done: true })
})
