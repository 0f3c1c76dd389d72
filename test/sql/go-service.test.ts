import t, { type Test } from 'tap'
import { type Database, embeddedDatabase, realDatabase } from '../support/database.ts'
import { GoService, goKey, goUrl } from '../support/go-service.ts'
import { needsServices } from '../support/servers/needs.ts'

const A = 'http://a.test/a.jpg'
const B = 'http://a.test/b.png'
const C = 'http://a.test/c.webp'

/** What the triggers make of the Go service's writes, on every database. */
function conformance(t: Test, { pool }: Database): void {
  const go = new GoService(pool)
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))

  const column = async (id: number) =>
    (await pool.query('SELECT compressed_product_images AS urls FROM products WHERE id = $1', [id])).rows[0]
      ?.urls
  const images = async (id: number) =>
    (
      await pool.query(
        `SELECT source_url AS source, status, url, generation, attempts FROM product_images
         WHERE product_id = $1 ORDER BY source_url`,
        [id]
      )
    ).rows
  const outbox = async (kind: string) =>
    (
      await pool.query(
        `SELECT user_id, product_id, payload ->> 'key' AS key, due_at <= now() AS due FROM outbox
         WHERE kind = $1 AND payload ->> 'prefix' IS NULL ORDER BY id`,
        [kind]
      )
    ).rows
  /** As a worker of ours records it. */
  const finish = (id: number, url: string) =>
    pool.query(
      `WITH product AS (
         UPDATE products SET version = version + 1, compressed_product_images = ARRAY[$2] WHERE id = $1 RETURNING id
       )
       UPDATE product_images i SET status = 'done', url = $2, object_key = $2, generation = generation + 1
       FROM product WHERE i.product_id = product.id`,
      [id, url]
    )

  t.test('an insert has image rows at once, and one outbox row', async (t) => {
    const id = await go.create([B, A, B])
    const pending = { status: 'pending', url: null, generation: 1, attempts: 0 }
    t.same(await images(id), [
      { source: A, ...pending },
      { source: B, ...pending }
    ])
    t.same(await column(id), [])
    t.same(await outbox('images'), [{ user_id: 1, product_id: id, key: null, due: true }])
  })

  t.test('an insert without images enqueues nothing', async (t) => {
    const id = await go.create([])
    t.same([await images(id), await outbox('images')], [[], []])
  })

  t.test('complete results are adopted, and nothing is enqueued', async (t) => {
    const id = await go.create([A, B])
    await pool.query('DELETE FROM outbox')
    const results = [goKey(id, A), goKey(id, B)]
    await go.writeBack(id, results.map(goUrl))
    t.match(await images(id), [
      { source: A, status: 'done', url: goUrl(results[0] ?? ''), generation: 2 },
      { source: B, status: 'done', url: goUrl(results[1] ?? ''), generation: 2 }
    ])
    t.same(await column(id), results.map(goUrl))
    t.same([await outbox('images'), await outbox('object')], [[], []])
  })

  t.test('an image that a result leaves out has failed once more, and is retried after a wait', async (t) => {
    const id = await go.create([A, B])
    await pool.query('DELETE FROM outbox')
    await go.writeBack(id, [goUrl(goKey(id, B))])
    t.match(await images(id), [
      { source: A, status: 'pending', generation: 1, attempts: 1 },
      { source: B, status: 'done' }
    ])
    t.same(await outbox('images'), [{ user_id: 1, product_id: id, key: null, due: false }])
  })

  t.test('images that come due at different times after a result have an outbox row each', async (t) => {
    const id = await go.create([A])
    await go.writeBack(id, [])
    await go.replace(id, [A, B])
    await pool.query('DELETE FROM outbox')
    await go.writeBack(id, [goUrl(goKey(id, C))])
    const { rows } = await pool.query(
      `SELECT attempts, (SELECT count(*)::integer FROM outbox o WHERE kind = 'images' AND o.due_at = i.due_at) AS rows
       FROM product_images i WHERE product_id = $1 ORDER BY attempts`,
      [id]
    )
    t.same(rows, [
      { attempts: 1, rows: 1 },
      { attempts: 2, rows: 1 }
    ])
  })

  t.test('an image that no result has fails after five of them', async (t) => {
    const id = await go.create([A])
    await pool.query('DELETE FROM outbox')
    for (let attempt = 1; attempt <= 6; attempt++) await go.writeBack(id, [])
    t.match(await images(id), [{ status: 'failed', attempts: 5 }])
    t.equal((await outbox('images')).length, 4)
  })

  t.test(
    'a result of ours stays, the column with it, and the object that it does not need is removed',
    async (t) => {
      const id = await go.create([A])
      await finish(id, 'https://cdn.test/ours.jpg')
      await pool.query('DELETE FROM outbox')
      const key = goKey(id, A)
      await go.writeBack(id, [goUrl(key)])
      t.match(await images(id), [{ status: 'done', url: 'https://cdn.test/ours.jpg', generation: 2 }])
      t.same(await column(id), ['https://cdn.test/ours.jpg'])
      t.same(await outbox('images'), [])
      t.same(await outbox('object'), [{ user_id: 1, product_id: id, key, due: true }])
    }
  )

  t.test('a replacement without results keeps those of images whose URL stayed', async (t) => {
    const id = await go.create([A, B])
    const results = [goKey(id, A), goKey(id, B)]
    await go.writeBack(id, results.map(goUrl))
    await pool.query('DELETE FROM outbox')
    await go.replace(id, [B, C])
    t.match(await images(id), [
      { source: B, status: 'done', url: goUrl(results[1] ?? '') },
      { source: C, status: 'pending', attempts: 0 }
    ])
    t.same(await column(id), [goUrl(results[1] ?? '')])
    t.same(await outbox('images'), [{ user_id: 1, product_id: id, key: null, due: true }])
    t.same(await outbox('object'), [{ user_id: 1, product_id: id, key: results[0], due: true }])
  })

  t.test('a result from before a replacement is not taken for one of the new images', async (t) => {
    const id = await go.create([A])
    await go.replace(id, [B])
    await pool.query('DELETE FROM outbox')
    const key = goKey(id, A)
    await go.writeBack(id, [goUrl(key)])
    t.match(await images(id), [{ source: B, status: 'pending' }])
    t.same(await column(id), [])
    t.same(await outbox('object'), [{ user_id: 1, product_id: id, key, due: true }])
  })

  t.test('the same results again change nothing', async (t) => {
    const id = await go.create([A])
    const results = [goUrl(goKey(id, A))]
    await go.writeBack(id, results)
    await pool.query('DELETE FROM outbox')
    const before = await images(id)
    await go.writeBack(id, results)
    t.same(await images(id), before)
    t.same([await outbox('images'), await outbox('object')], [[], []])
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))
