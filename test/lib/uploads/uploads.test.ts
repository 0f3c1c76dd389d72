import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { keyOf, post, stored, upload } from '../../support/uploads.ts'

const AGED = "UPDATE uploads SET kept_until = now() - interval '1 s'"

const app = await buildTestApp(t)
await app.listen({ host: '127.0.0.1', port: 0 })
const { pool } = app.pg
const bytes = Buffer.from('picture')

t.afterEach(async () => {
  await pool.query('DELETE FROM products')
  await pool.query('DELETE FROM uploads')
})

async function untilStored(keys: string[]): Promise<void> {
  while (JSON.stringify(await stored(app)) !== JSON.stringify(keys)) await new Promise(setImmediate)
}

t.test('an upload that no product named in time is removed with its bytes', async (t) => {
  const unused = await upload(app, bytes)
  t.strictSame(await app.uploads.removeUnused(10), { seen: 0, removed: 0 }, 'not before')
  await pool.query(AGED)
  const fresh = await upload(app, bytes)
  t.strictSame(await app.uploads.removeUnused(10), { seen: 1, removed: 1 })
  app.outbox.enqueued(['object'])
  await untilStored([keyOf(fresh)])
  t.equal((await post(app, { product_images: [unused] })).statusCode, 422)
})

t.test('one that a product names is kept until a day after the last product names it', async (t) => {
  const source = await upload(app, bytes)
  const { product_id: id } = (await post(app, { product_images: [source] })).json()
  await pool.query(AGED)
  t.strictSame(await app.uploads.removeUnused(10), { seen: 1, removed: 0 })
  await app.products.delete({ id })
  t.strictSame(await app.uploads.removeUnused(10), { seen: 0, removed: 0 })
  await pool.query(AGED)
  t.strictSame(await app.uploads.removeUnused(10), { seen: 1, removed: 1 })
})

t.test('one that is being named is not removed meanwhile', async (t) => {
  const source = await upload(app, bytes)
  await pool.query(AGED)
  await app.uploads.keep(1, [source])
  t.strictSame(await app.uploads.removeUnused(10), { seen: 0, removed: 0 })
})

t.test('a run is bounded', async (t) => {
  for (let i = 0; i < 3; i++) await app.uploads.create(1, { content_type: 'image/png', bytes: null })
  await pool.query(AGED)
  const runs = [await app.uploads.removeUnused(2), await app.uploads.removeUnused(2)]
  t.strictSame(runs, [
    { seen: 2, removed: 2 },
    { seen: 1, removed: 1 }
  ])
})
