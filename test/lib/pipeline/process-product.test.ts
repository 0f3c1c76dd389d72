import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { MemoryCache } from '../../../lib/cache/memory.ts'
import { ImageError } from '../../../lib/image/error.ts'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { Limiter } from '../../../lib/pipeline/limiter.ts'
import { type ProcessorOptions, ProductProcessor } from '../../../lib/pipeline/process-product.ts'
import { ProductChangeFeed } from '../../../lib/products/change-feed.ts'
import { ProductStore } from '../../../lib/products/store.ts'
import type { ObjectStore } from '../../../lib/storage/object-store.ts'
import { embeddedDatabase } from '../../support/database.ts'
import { createLog } from '../../support/log.ts'

const locate = async (url: string) => ({ domain: new URL(url).hostname, networks: [] })
const HOUR = 3_600_000
const turn = () => new Promise(setImmediate)
const { signal: never } = new AbortController()
const bytes = Buffer.from('a picture')
const source = { bytes, [Symbol.dispose]: () => {} }

class Objects implements Pick<ObjectStore, 'put'> {
  readonly stored = new Map<string, Buffer>()
  async put(key: string, jpeg: Buffer): Promise<string> {
    this.stored.set(key, jpeg)
    return this.urlOf(key)
  }
  urlOf(key: string): string {
    return `http://cdn.test/${key}`
  }
  async remove(key: string): Promise<void> {
    this.stored.delete(key)
  }
  async *list() {}
  async ping() {}
  async close() {}
}

t.test('on a database of its own', async (t) => {
  const { pool } = await embeddedDatabase(t)
  const changeFeed = new ProductChangeFeed(null)

  function build(options: Partial<ProcessorOptions> = {}) {
    const outbox = new Outbox(pool)
    const store = new ProductStore({
      pool,
      cache: new MemoryCache(),
      outbox,
      changeFeed,
      urlOf: (key) => `http://cdn.test/${key}`,
      addressOf: (key) => `http://cdn.test/${key}`,
      jobTimeoutMs: HOUR,
      webhooks: false
    })
    const objects = new Objects()
    const log = createLog()
    const processor = new ProductProcessor({
      store,
      objects,
      downloader: { download: async () => source },
      decoder: {
        compress: async () => ({ jpeg: bytes, width: 8, height: 6, renditions: [], placeholder: null })
      },
      wanted: { renditions: [], placeholders: false },
      readOriginal: null,
      limiter: new Limiter({ capacity: { compress: 2, inFlight: 4 }, locate }),
      retry: { maxAttempts: 3, baseMs: HOUR },
      jobTimeoutMs: HOUR,
      log,
      ...options
    })
    return { processor, store, objects, log, outbox }
  }
  const downloading = (download: ProcessorOptions['downloader']['download']) => ({
    downloader: { download }
  })
  const create = (store: ProductStore, ...product_images: string[]) =>
    store.create({ user_id: 1, product_name: 'Lamp', product_price: 1, product_images })
  const imagesOf = async (store: ProductStore, id: number) =>
    (await store.load(id))?.images.map(({ status, attempts, error_code }) => ({
      status,
      attempts,
      error_code
    }))
  const dueRows = async (id: number) =>
    (await pool.query(`SELECT FROM outbox WHERE product_id = $1 AND due_at <= now()`, [id])).rowCount

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

  t.test('a database that is away is waited for, and nothing is made twice', async (t) => {
    let downloads = 0
    const { processor, store, log } = build(
      downloading(async () => {
        downloads++
        return source
      })
    )
    const id = await create(store, 'http://a.test/1')
    const finish = store.finish.bind(store)
    let failures = 1
    store.finish = async (...args) => {
      if (failures-- > 0) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      return finish(...args)
    }
    await processor.process(id, never)
    t.match(await log.said(/database is away/), { level: 'warn' })
    t.same(await imagesOf(store, id), [{ status: 'done', attempts: 1, error_code: null }])
    t.equal(downloads, 1)
  })

  /** What is to be removed of the product's objects, as the outbox has it, by when it is due. */
  const removals = async (id: number) =>
    (
      await pool.query<{ key: string; due: boolean }>(
        `SELECT coalesce(payload ->> 'key', payload ->> 'prefix') AS key, due_at <= now() AS due FROM outbox
         WHERE kind = 'object' AND product_id = $1 ORDER BY due_at`,
        [id]
      )
    ).rows

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
        compress: async () => ({ jpeg: fresh, width: 800, height: 600, renditions: [], placeholder: null })
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
    t.equal(
      objects.stored.get(image?.object_key ?? ''),
      fresh,
      'the row names the bytes it was recorded with'
    )
    t.equal(objects.stored.size, 2)
    t.same(await removals(id), [{ key: `products/${id}/`, due: false }])
  })

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

  t.test('after a redelivery what a killed worker may have stored is removed', async (t) => {
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

  t.test('what a worker stored before its message was lost is removed', async (t) => {
    const { processor, store } = build()
    const id = await create(store, 'http://a.test/1')
    await pool.query(`DELETE FROM outbox WHERE product_id = $1`, [id])
    await store.sweep(-1000, 1000)
    t.same(await removals(id), [{ key: `products/${id}/`, due: false }])
    await processor.process(id, never)
    t.match(await imagesOf(store, id), [{ status: 'done' }])
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
    const finish = store.finish.bind(store)
    store.finish = async (...args) => {
      store.finish = finish
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
      killed.store.finish = () => Promise.reject(new Error('killed'))
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

  t.test('a product that is gone, or has nothing due, is no work', async (t: Test) => {
    const { processor, store } = build(downloading(() => Promise.reject(new Error('nothing to download'))))
    await processor.process(2_000_000_000, never)
    const id = await create(store)
    await processor.process(id, never)
    t.same(await imagesOf(store, id), [])
  })

  t.test('an image that is due in the future is left alone', async (t) => {
    const { processor, store } = build(downloading(() => Promise.reject(new Error('nothing to download'))))
    const id = await create(store, 'http://a.test/1')
    await pool.query(`UPDATE product_images SET due_at = now() + interval '1 hour' WHERE product_id = $1`, [
      id
    ])
    await processor.process(id, never)
    t.same(await imagesOf(store, id), [{ status: 'pending', attempts: 0, error_code: null }])
  })
})
