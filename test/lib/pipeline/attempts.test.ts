import { once } from 'node:events'
import { mock } from 'node:test'
import t from 'tap'
import { Limiter } from '../../../lib/pipeline/limiter.ts'
import { bytes, create, downloading, imagesOf, locate, never, processors, source } from './processor.ts'

const { pool, build, dueRows } = await processors(t)
const turn = () => new Promise(setImmediate)

t.test(
  'a source is given back when it is compressed, and not when its job is over before that',
  async (t) => {
    const steps: string[] = []
    const stop = new AbortController()
    const { processor, store } = build({
      ...downloading(async () => ({ bytes, [Symbol.dispose]: () => void steps.push('given back') })),
      decoder: {
        compress: async (source) => {
          stop.abort()
          await turn()
          steps.push(`compressed ${source}`)
          throw new Error('too late')
        }
      }
    })
    await processor.process(await create(store, 'http://a.test/1'), stop.signal)
    t.same(steps, ['compressed a picture', 'given back'])
  }
)

t.test('an image whose origin has no place is snoozed, and no attempt is counted', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  let time = 0
  const limiter = new Limiter({ capacity: { compress: 1, inFlight: 2 }, locate, now: () => time })
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { processor, store, log } = build({
    limiter,
    ...downloading(async () => {
      begun.resolve()
      await end.promise
      return source
    })
  })
  const id = await create(store, 'http://busy.test/1', 'http://busy.test/2')
  await pool.query('DELETE FROM outbox')
  const work = processor.process(id, never)
  await begun.promise
  time += 2000
  mock.timers.tick(2000)
  t.match(await log.said(/Image snoozed/), { details: { product_id: id } })
  end.resolve()
  await work
  const images = (await store.load(id))?.images.map(({ status, attempts }) => [status, attempts])
  t.same(images?.sort(), [
    ['done', 1],
    ['pending', 0]
  ])
  t.equal(await dueRows(id), 0, 'it is not due yet')
})

t.test('an interrupted image is enqueued again at once, and costs no attempt', async (t) => {
  const stop = new AbortController()
  const { processor, store } = build(
    downloading(async (_url, signal) => {
      stop.abort(new Error('the service is stopping'))
      throw signal.reason
    })
  )
  const id = await create(store, 'http://a.test/1')
  await pool.query('DELETE FROM outbox')
  await processor.process(id, stop.signal)
  t.same(await imagesOf(store, id), [{ status: 'pending', attempts: 0, error_code: null }])
  t.equal(await dueRows(id), 1)
})

const aborted = async (signal: AbortSignal) => {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}
for (const [stage, slow] of [
  ['download', downloading((_url, signal) => aborted(signal))],
  ['decode', { decoder: { compress: (_bytes: Buffer, signal: AbortSignal) => aborted(signal) } }]
] as const) {
  t.test(`an image whose ${stage} takes longer than a job may has used an attempt`, async (t) => {
    const { processor, store } = build({ jobTimeoutMs: 500, ...slow })
    const id = await create(store, 'http://a.test/1')
    await processor.process(id, never)
    t.match(await imagesOf(store, id), [{ status: 'pending', attempts: 1, error_code: 'timeout' }])
  })
}

t.test('an image that waits for a core for too long has not used an attempt', async (t) => {
  const limiter = new Limiter({ capacity: { compress: 1, inFlight: 2 }, locate })
  const [late, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const other = limiter.compute(2, () => end.promise)
  const { processor, store } = build({
    limiter,
    jobTimeoutMs: 500,
    ...downloading(async (_url, signal) => {
      signal.addEventListener('abort', () => late.resolve())
      return source
    })
  })
  const id = await create(store, 'http://a.test/1')
  const work = processor.process(id, never)
  await late.promise
  end.resolve()
  await Promise.all([work, other])
  t.same(await imagesOf(store, id), [{ status: 'pending', attempts: 0, error_code: null }])
})

t.test('an error that is nobody’s fault but ours is tried again, and says nothing of us', async (t) => {
  const { processor, store } = build({
    decoder: { compress: () => Promise.reject(new TypeError('x of undefined')) }
  })
  const id = await create(store, 'http://a.test/1')
  await processor.process(id, never)
  const [image] = (await store.load(id))?.images ?? []
  t.match(image, {
    status: 'pending',
    attempts: 1,
    error_code: 'internal',
    error_detail: /error in the service/
  })
  t.notMatch(image, { error_detail: /undefined/ })
})
