import t from 'tap'
import { ImageError } from '../../../lib/image/error.ts'
import { create, downloading, imagesOf, never, Objects, processors, source } from './processor.ts'

const { build, removals } = await processors(t)

t.test('two workers who fail at the same image at the same time count one attempt', async (t) => {
  const both = Promise.withResolvers<void>()
  let waiting = 0
  const fail = downloading(async () => {
    if (++waiting === 2) both.resolve()
    await both.promise
    throw new ImageError('http_status', 'The server responded with 503.', { transient: true })
  })
  const [one, other] = [build(fail), build(fail)]
  const id = await create(one.store, 'http://a.test/1')
  await Promise.all([one, other].map(({ processor }) => processor.process(id, never)))
  t.same(await imagesOf(one.store, id), [{ status: 'pending', attempts: 1, error_code: 'http_status' }])
})

t.test('two workers who make the same image leave one result', async (t) => {
  const [one, other] = [build(), build()]
  const id = await create(one.store, 'http://a.test/1')
  await Promise.all([one, other].map(({ processor }) => processor.process(id, never)))
  t.same(await imagesOf(one.store, id), [{ status: 'done', attempts: 1, error_code: null }])
})

t.test('an outcome from before a reprocess does not undo it', async (t) => {
  const late = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const cutOff = build(
    downloading(async () => {
      begun.resolve()
      await late.promise
      throw new ImageError('http_status', 'The server responded with 404.')
    })
  )
  const notFound = build(downloading(() => Promise.reject(new ImageError('http_status', 'Again 404.'))))
  const { processor, store } = build()
  const id = await create(store, 'http://a.test/1')
  const first = cutOff.processor.process(id, never)
  await begun.promise
  await notFound.processor.process(id, never)
  t.same(await imagesOf(store, id), [{ status: 'failed', attempts: 1, error_code: 'http_status' }])
  await store.reprocess({ id })
  late.resolve()
  await first
  t.same(await imagesOf(store, id), [{ status: 'pending', attempts: 0, error_code: null }])
  await processor.process(id, never)
  t.same(await imagesOf(store, id), [{ status: 'done', attempts: 1, error_code: null }])
})

t.test('a late upload replaces nothing, and is removed', async (t) => {
  const late = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const objects = new Objects()
  const cutOff = build({
    objects,
    ...downloading(async () => {
      begun.resolve()
      await late.promise
      return source
    })
  })
  const fresh = Buffer.from('the newer picture')
  const { processor, store } = build({
    objects,
    decoder: {
      compress: async () => ({
        jpeg: fresh,
        width: 800,
        height: 600,
        renditions: [],
        placeholder: null,
        [Symbol.dispose]: () => undefined
      })
    }
  })
  const id = await create(store, 'http://a.test/1')
  const first = cutOff.processor.process(id, never)
  await begun.promise
  await processor.process(id, never)
  late.resolve()
  await first
  const [image] = (await store.load(id))?.images ?? []
  t.match(image, { status: 'done', width: 800 })
  t.equal(objects.stored.get(image?.object_key ?? ''), fresh, 'the row names the bytes it was recorded with')
  t.equal(objects.stored.size, 2)
  t.same(await removals(id), [{ key: `products/${id}/`, due: false }])
})
