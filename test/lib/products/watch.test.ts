import t from 'tap'
import { ProductChangeFeed } from '../../../lib/products/change-feed.ts'
import { watch } from '../../../lib/products/watch.ts'
import { buildTestApp } from '../../support/app.ts'

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 1 }
const LONG_MS = 1_000_000

const { products } = await buildTestApp(t)

/** What the signal says is for each test to decide: the store tells its own. */
function start(id: number, quietMs = LONG_MS) {
  const signal = new ProductChangeFeed(null)
  const stop = new AbortController()
  const states = watch(id, { products, signal, quietMs, stop: stop.signal })
  return { signal, stop, states, version: async () => (await states.next()).value?.version }
}

t.test('a change between two looks is not missed', async (t) => {
  const id = await products.create(LAMP)
  const { signal, states, version } = start(id)
  t.equal(await version(), 1)
  await products.update({ id }, LAMP)
  signal.tell(id)
  t.equal(await version(), 2)
  await states.return()
})

t.test('a lost signal costs time only', async (t) => {
  const id = await products.create(LAMP)
  const { states, version } = start(id, 1)
  t.equal(await version(), 1)
  await products.update({ id }, LAMP)
  t.equal(await version(), 2)
  await states.return()
})

t.test('a product that is gone ends it', async (t) => {
  const id = await products.create(LAMP)
  const { signal, states } = start(id)
  await states.next()
  await products.delete({ id })
  signal.tell(id)
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
