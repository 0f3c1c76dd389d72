import t from 'tap'
import { NoCache } from '../../../lib/cache/none.ts'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { ProductChangeFeed } from '../../../lib/products/change-feed.ts'
import { ProductStore } from '../../../lib/products/store.ts'
import { embeddedDatabase } from '../../support/database.ts'

const HOUR = 3_600_000

t.test('a sweep enqueues pending images without an outbox row, some at a time', async (t) => {
  const { pool } = await embeddedDatabase(t)
  const store = new ProductStore({
    pool,
    cache: new NoCache(),
    outbox: new Outbox(pool),
    changeFeed: new ProductChangeFeed(null),
    urlOf: (key) => key,
    addressOf: (key) => key,
    jobTimeoutMs: HOUR
  })
  const create = () =>
    store.create({ user_id: 1, product_name: 'Lamp', product_price: 1, product_images: ['http://a.test/1'] })
  const age = (ids: number[]) =>
    pool.query(
      `UPDATE product_images SET due_at = now() - interval '1 hour' WHERE product_id = ANY ($1::integer[])`,
      [ids]
    )
  const lost = [await create(), await create(), await create()]
  await create()
  await pool.query('DELETE FROM outbox')
  const due = await create()
  const finished = await create()
  await pool.query(`UPDATE product_images SET status = 'done' WHERE product_id = $1`, [finished])
  await pool.query('DELETE FROM outbox WHERE product_id = $1', [finished])
  await age([...lost, due, finished])

  t.equal(await store.background.sweep(HOUR / 2, 2), 2)
  t.equal(await store.background.sweep(HOUR / 2, 2), 1)
  t.equal(await store.background.sweep(HOUR / 2, 2), 0)
  const { rows } = await pool.query(
    `SELECT product_id, class FROM outbox WHERE kind = 'images' ORDER BY product_id`
  )
  t.same(rows, [...lost.map((product_id) => ({ product_id, class: 1 })), { product_id: due, class: 0 }])
})
