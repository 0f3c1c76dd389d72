import t from 'tap'
import { ImageError } from '../../../lib/image/error.ts'
import type { ProductStore } from '../../../lib/products/store.ts'
import { create, downloading, imagesOf, never, Objects, processors, source } from './processor.ts'

const { pool, build, removals } = await processors(t)

for (const [end, change] of [
  ['its product was deleted', (store: ProductStore, id: number) => store.delete({ id })],
  [
    'its URL was removed',
    (store: ProductStore, id: number) => store.update({ id }, { product_name: 'Lamp' })
  ],
  ['it was started over', (store: ProductStore, id: number) => store.reprocess({ id }, { all: true })]
] as const) {
  t.test(`the object of an image is removed when no upload can be late if ${end} meanwhile`, async (t) => {
    const { processor, store, objects } = build(
      downloading(async () => {
        await change(store, id)
        await pool.query('DELETE FROM outbox')
        return source
      })
    )
    const id = await create(store, 'http://a.test/1')
    await processor.process(id, never)
    t.equal(objects.stored.size, 1)
    t.same(await removals(id), [{ key: `products/${id}/`, due: false }])
  })
}

t.test('two workers who make the same bytes leave the object that the row names', async (t) => {
  const objects = new Objects()
  const [one, other] = [build({ objects }), build({ objects })]
  const id = await create(one.store, 'http://a.test/1')
  await Promise.all([one, other].map(({ processor }) => processor.process(id, never)))
  t.match(await imagesOf(one.store, id), [{ status: 'done' }])
  t.same(await removals(id), [])
})

t.test('an upload that was given up is removed once it can no longer be carried out late', async (t) => {
  const objects = new Objects()
  objects.put = () => Promise.reject(new ImageError('storage', 'No response.', { transient: true }))
  const { processor, store } = build({ objects })
  const id = await create(store, 'http://a.test/1')
  await processor.process(id, never)
  t.match(await imagesOf(store, id), [{ status: 'pending', error_code: 'storage' }])
  t.same(await removals(id), [{ key: `products/${id}/`, due: false }])
})

t.test('after a redelivery, objects that a killed worker may have stored are removed', async (t) => {
  const { processor, store } = build()
  const id = await create(store, 'http://a.test/1')
  await processor.process(id, never, { redelivered: true })
  const { rows } = await pool.query(
    `SELECT payload, due_at > now() AS later FROM outbox WHERE kind = 'object' AND product_id = $1`,
    [id]
  )
  t.same(rows, [{ payload: { prefix: `products/${id}/` }, later: true }])
})

t.test('the same holds when another message has finished its images meanwhile', async (t) => {
  const { processor, store } = build()
  const id = await create(store, 'http://a.test/1')
  await processor.process(id, never)
  t.same(await removals(id), [])
  await processor.process(id, never, { redelivered: true })
  t.same(await removals(id), [{ key: `products/${id}/`, due: false }])
})

t.test('objects that a worker stored before its message was lost are removed', async (t) => {
  const { processor, store } = build()
  const id = await create(store, 'http://a.test/1')
  await pool.query(`DELETE FROM outbox WHERE product_id = $1`, [id])
  await store.background.sweep(-1000, 1000)
  t.same(await removals(id), [{ key: `products/${id}/`, due: false }])
  await processor.process(id, never)
  t.match(await imagesOf(store, id), [{ status: 'done' }])
})
