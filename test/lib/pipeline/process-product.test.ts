import { hash } from 'node:crypto'
import t from 'tap'
import { bytes, create, downloading, imagesOf, never, processors, source } from './processor.ts'

const { pool, build } = await processors(t)

t.test('an image is downloaded, compressed, stored and recorded', async (t) => {
  const { processor, store, objects } = build()
  const id = await create(store, 'http://a.test/1')
  await processor.process(id, never)
  const [image] = (await store.load(id))?.images ?? []
  const key = `products/${id}/${image?.id}-1-${hash('sha256', bytes, 'hex').slice(0, 12)}.jpg`
  t.match(image, {
    status: 'done',
    object_key: key,
    url: `http://cdn.test/${key}`,
    width: 8,
    height: 6,
    bytes: 9
  })
  t.same([...objects.stored.keys()], [key])
})

t.test('a database that is away is waited for, and nothing is made twice', async (t) => {
  let downloads = 0
  const { processor, store, log } = build(
    downloading(async () => {
      downloads++
      return source
    })
  )
  const id = await create(store, 'http://a.test/1')
  const finish = store.background.finish.bind(store.background)
  let failures = 1
  store.background.finish = async (...args) => {
    if (failures-- > 0) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    return finish(...args)
  }
  await processor.process(id, never)
  t.match(await log.said(/database is away/), { level: 'warn' })
  t.same(await imagesOf(store, id), [{ status: 'done', attempts: 1, error_code: null }])
  t.equal(downloads, 1)
})

t.test('a message that its commit enqueues finds the images unlocked', async (t) => {
  const stop = new AbortController()
  let downloads = 0
  const { processor, store } = build(
    downloading(async () => {
      if (++downloads > 1) return source
      stop.abort()
      throw stop.signal.reason
    })
  )
  const id = await create(store, 'http://a.test/1')
  const finish = store.background.finish.bind(store.background)
  store.background.finish = async (...args) => {
    store.background.finish = finish
    await finish(...args)
    await processor.process(id, never)
  }
  await processor.process(id, stop.signal)
  t.same(await imagesOf(store, id), [{ status: 'done', attempts: 1, error_code: null }])
})

t.test('messages that are delivered again and again without an end fail no image', async (t) => {
  const { processor, store } = build()
  const id = await create(store, 'http://a.test/1')
  for (let deliveries = 0; deliveries < 12; deliveries++) {
    const killed = build()
    killed.store.background.finish = () => Promise.reject(new Error('killed'))
    await t.rejects(killed.processor.process(id, never), { message: 'killed' })
  }
  t.same(await imagesOf(store, id), [{ status: 'pending', attempts: 0, error_code: null }])
  await processor.process(id, never)
  t.same(await imagesOf(store, id), [{ status: 'done', attempts: 1, error_code: null }])
})

t.test('a message leaves alone what another has locked', async (t) => {
  let downloads = 0
  const end = Promise.withResolvers<void>()
  const { processor, store } = build(
    downloading(async () => {
      downloads++
      await end.promise
      return source
    })
  )
  const id = await create(store, 'http://a.test/1', 'http://a.test/2')
  const messages = Array.from({ length: 20 }, () => processor.process(id, never))
  let ended = 0
  for (const message of messages) void message.then(() => ++ended === 19 && end.resolve())
  await Promise.all(messages)
  t.equal(downloads, 2)
})

t.test('a product that is gone, or has nothing due, is no work', async (t) => {
  const { processor, store } = build(downloading(() => Promise.reject(new Error('nothing to download'))))
  await processor.process(2_000_000_000, never)
  const id = await create(store)
  await processor.process(id, never)
  t.same(await imagesOf(store, id), [])
})

t.test('an image that is due in the future is left alone', async (t) => {
  const { processor, store } = build(downloading(() => Promise.reject(new Error('nothing to download'))))
  const id = await create(store, 'http://a.test/1')
  await pool.query(`UPDATE product_images SET due_at = now() + interval '1 hour' WHERE product_id = $1`, [id])
  await processor.process(id, never)
  t.same(await imagesOf(store, id), [{ status: 'pending', attempts: 0, error_code: null }])
})
