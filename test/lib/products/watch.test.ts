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
  let reads = 0
  const { changeFeed, states, version } = start(id, LONG_MS, {
    async read(id) {
      if (++reads > 1) return products.read(id)
      await products.update({ id }, LAMP)
      changeFeed.publish(id)
      return stale
    }
  })
  t.equal(await version(), 1)
  t.equal(await version(), 2)
  await states.return()
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
