import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { NoCache } from '../../../lib/cache/none.ts'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { ProductChangeFeed } from '../../../lib/products/change-feed.ts'
import type { Outcome } from '../../../lib/products/changes.ts'
import type { ProductRecord } from '../../../lib/products/record.ts'
import { ProductStore } from '../../../lib/products/store.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { counted } from '../../support/statements.ts'

const HOUR = 3_600_000

const storeOn = (pool: Pool) =>
  new ProductStore({
    pool,
    cache: new NoCache(),
    outbox: new Outbox(pool),
    changeFeed: new ProductChangeFeed(null),
    urlOf: (key) => key,
    addressOf: (key) => key,
    jobTimeoutMs: HOUR
  })

const failed = (detail: string): Outcome => ({ status: 'failed', code: 'corrupt_image', detail })

/** Creates products with an image each, and resolves with them. */
async function created(store: ProductStore, count: number, images = 1): Promise<ProductRecord[]> {
  const product_images = Array.from({ length: images }, (_, index) => `http://a.test/${index}`)
  const input = { user_id: 1, product_name: 'Lamp', product_price: 1, product_images }
  const ids = await Promise.all(Array.from({ length: count }, () => store.create(input)))
  const records = await Promise.all(ids.map((id) => store.load(id)))
  return records.filter((record) => record !== null)
}

/** Fails one image of the product. */
const finish = (store: ProductStore, product: ProductRecord, detail: string, index = 0) =>
  store.background.finish(
    product,
    product.images.slice(index, index + 1).map((image) => ({ image, outcome: failed(detail) }))
  )

async function details(store: ProductStore, { id }: ProductRecord): Promise<(string | null)[] | undefined> {
  return (await store.load(id))?.images.map(({ error_detail }) => error_detail).sort()
}

/** What every database that results are recorded in has to do. */
function conformance(t: Test, { pool }: Database): void {
  t.test('results that come together share a statement, and each is of its own product', async (t) => {
    const store = storeOn(pool)
    const products = await created(store, 5)
    const finishAll = () => Promise.all(products.map((product) => finish(store, product, `of ${product.id}`)))
    t.equal(await counted(pool, finishAll), 1)
    for (const product of products) t.strictSame(await details(store, product), [`of ${product.id}`])
  })

  t.test('products that are loaded together share a statement, and each caller gets its own', async (t) => {
    const store = storeOn(pool)
    const ids = (await created(store, 4)).map(({ id }) => id)
    const wanted = [...ids.toReversed(), 2_000_000_000, ...ids]
    let got: (ProductRecord | null)[] = []
    const load = async () => {
      got = await Promise.all(wanted.map((id) => store.load(id)))
    }
    t.equal(await counted(pool, load), 1)
    t.strictSame(
      got.map((record) => record?.id ?? null),
      wanted.map((id) => (ids.includes(id) ? id : null))
    )
  })

  t.test('a load sees what was committed before it, although another load runs', async (t) => {
    const store = storeOn(pool)
    const [product] = await created(store, 1)
    if (!product) throw new Error('No product')
    const earlier = store.load(product.id)
    await finish(store, product, 'late')
    t.strictSame(await details(store, product), ['late'])
    await earlier
  })

  t.test('a result that the database refuses fails alone', async (t) => {
    const store = storeOn(pool)
    const products = await created(store, 4)
    const ends = await Promise.allSettled(
      products.map((product, index) => finish(store, product, index === 1 ? 'a \0 b' : 'fine'))
    )
    t.strictSame(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled']
    )
    const kept = await Promise.all(products.map((product) => details(store, product)))
    t.strictSame(kept, [['fine'], [null], ['fine'], ['fine']])
  })

  t.test('a result of a product that has changed is decided again, and delays no other', async (t) => {
    const store = storeOn(pool)
    const products = await created(store, 3)
    const [, changed] = products
    if (changed) await store.update(changed, { ...changed, product_name: 'Other' })
    await Promise.all(products.map((product) => finish(store, product, 'fine')))
    for (const product of products) t.strictSame(await details(store, product), ['fine'])
    t.equal((await store.load(changed?.id ?? 0))?.product_name, 'Other')
  })

  t.test('two results of one product are both recorded', async (t) => {
    const store = storeOn(pool)
    const [product, other] = await created(store, 2, 2)
    if (!product || !other) throw new Error('No products')
    await Promise.all([
      finish(store, product, 'first', 0),
      finish(store, product, 'second', 1),
      finish(store, other, 'other', 0)
    ])
    t.strictSame(await details(store, product), ['first', 'second'])
    t.strictSame((await details(store, other))?.toSorted(), [null, 'other'].toSorted())
  })

  t.test('a result that came too late is dropped, and a product that is gone is passed over', async (t) => {
    const store = storeOn(pool)
    const products = await created(store, 3)
    const [late, gone] = products
    if (!late || !gone) throw new Error('No products')
    await finish(store, late, 'first')
    await store.delete({ id: gone.id })
    await Promise.all(products.map((product) => finish(store, product, 'second')))
    const kept = await Promise.all(products.map((product) => details(store, product)))
    t.strictSame(kept, [['first'], undefined, ['second']])
  })
}

t.test('embedded', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('PostgreSQL', needsServices, async (t) => {
  const database = await realDatabase(t)
  conformance(t, database)

  t.test('a product that another process has locked delays only its own result', async (t) => {
    const { pool, another } = database
    const store = storeOn(pool)
    const products = await created(store, 3)
    const [locked, ...others] = products
    if (!locked) throw new Error('No product')
    const holder = await another.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT FROM products WHERE id = $1 FOR UPDATE', [locked.id])
    const [waiting, ...recorded] = products.map((product) => finish(store, product, 'fine'))
    await Promise.all(recorded)
    for (const product of others) t.strictSame(await details(store, product), ['fine'])
    t.strictSame(await details(store, locked), [null])
    await holder.query('COMMIT')
    holder.release()
    await waiting
    t.strictSame(await details(store, locked), ['fine'])
  })
})
