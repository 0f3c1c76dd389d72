import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import sharp from 'sharp'
import type { Test } from 'tap'
import type { ProductRecord } from '../../lib/products/record.ts'
import { settled } from '../support/app.ts'
import {
  flood,
  type Handler,
  type Origin,
  redirect,
  reset,
  respond,
  silence,
  startOrigin
} from '../support/http/origin.ts'
import { removeLate } from '../support/outbox.ts'
import { labelled, readLabel } from '../support/pictures/pictures.ts'
import type { OpenSetup, Setup } from './services-under-test.ts'

export const small = { width: 900, height: 700 }
const input = { user_id: 1, product_name: 'Lamp', product_price: 1 }

export async function create(app: FastifyInstance, product_images: string[]): Promise<number> {
  const payload = { ...input, product_images }
  const response = await app.inject({ method: 'POST', url: '/api/v1/products', payload })
  if (response.statusCode !== 201) throw new Error(response.body)
  return response.json().product_id
}

const show = async (app: FastifyInstance, id: number) => (await app.inject(`/api/v1/products/${id}`)).json()

/** Resolves with the product once it is as it should be. The outbox wakes whenever a product was changed. */
export async function until(
  { products, outbox }: FastifyInstance,
  id: number,
  isRight: (record: ProductRecord) => boolean
): Promise<ProductRecord> {
  for (;;) {
    const changed = once(outbox.events, 'due')
    const record = await products.load(id)
    if (record && isRight(record)) return record
    await changed
  }
}

async function keys({ objects }: FastifyInstance, productId: number): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of objects.list(`products/${productId}/`)) found.push(key)
  return found.sort()
}

const keysOf = ({ images }: ProductRecord) => images.map(({ object_key }) => object_key ?? '').sort()

async function untilKeys(app: FastifyInstance, productId: number, expected: string[]): Promise<void> {
  while (JSON.stringify(await keys(app, productId)) !== JSON.stringify(expected));
}

/** The same, with removals that are due much later made due now. */
async function untilLateKeys(app: FastifyInstance, productId: number, expected: string[]): Promise<void> {
  while (JSON.stringify(await keys(app, productId)) !== JSON.stringify(expected)) {
    await removeLate(app)
  }
}

/** A message that is a hint to look at the product, as a relay or a broker may repeat it at any time. */
async function hint({ pg, outbox }: FastifyInstance, id: number, times = 1): Promise<void> {
  await pg.query(`INSERT INTO outbox (kind, product_id) SELECT 'images', $1 FROM generate_series(1, $2)`, [
    id,
    times
  ])
  outbox.poke()
}

/** Resolves when at most so many rows of the product are enqueued. */
export async function quiet({ pg, broker }: FastifyInstance, id: number, atMost = 0): Promise<void> {
  const enqueued = async () =>
    (
      await pg.query(
        `SELECT FROM outbox WHERE product_id = $1 AND kind = 'images' AND due_at < now() + interval '1 min'`,
        [id]
      )
    ).rowCount ?? 0
  while ((await enqueued()) > atMost || (await broker?.depth()));
}

/** Holds its response until it is let go. */
function held(handler: Handler) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const handle: Handler = async (request, response) => {
    await promise
    handler(request, response)
  }
  return { handle, letGo: resolve }
}

/** The pipeline from the request to the finished image, whatever the parts are. */
export async function pipeline(t: Test, open: OpenSetup): Promise<void> {
  const origin: Origin = await startOrigin()
  t.teardown(() => origin.stop())
  const house: Setup = await open(t)
  const { app } = house
  let paths = 0
  const place = (handler: Handler) => {
    const path = `/${++paths}`
    origin.on(path, handler)
    return `${origin.url}${path}`
  }
  const pathOf = (url: string) => new URL(url).pathname
  const picture = async (id: number) => respond(await labelled(id, small))

  t.test('every image of a product is made, in the order of its sources', async (t) => {
    const urls = [place(await picture(11)), place(await picture(12)), place(await picture(13))]
    const id = await create(app, urls)
    await settled(app, id)
    const product = await show(app, id)
    t.equal(product.image_status, 'done')
    t.same(
      product.compressed_product_images,
      product.images.map(({ url }: { url: string }) => url)
    )
    for (const [index, image] of product.images.entries()) {
      const bytes = await house.read(image.url)
      const { format, width, height } = await sharp(bytes).metadata()
      t.match(image, {
        source_url: urls[index],
        status: 'done',
        attempts: 1,
        error: null,
        bytes: bytes.length,
        width,
        height
      })
      t.same(
        { format, width, height, label: await readLabel(bytes) },
        { format: 'jpeg', width: 771, height: 600, label: 11 + index }
      )
    }
    await quiet(app, id)
  })

  t.test('what fails is left out of the results, and says why', async (t) => {
    const good = place(await picture(21))
    const id = await create(app, [`${origin.url}/not-there`, good])
    await settled(app, id)
    const { image_status, compressed_product_images, images } = await show(app, id)
    t.equal(image_status, 'partial')
    t.same(compressed_product_images, [images[1].url])
    t.same(images[0].error, { code: 'http_status', detail: 'The server responded with 404 Not Found.' })
  })

  const jpeg = await labelled(1, small)
  const failures: [code: string, attempts: number, handler: Handler][] = [
    ['blocked_address', 1, redirect('http://10.0.0.1/secret.jpg')],
    ['unreachable', 3, reset()],
    ['http_status', 1, respond('gone', { status: 410 })],
    ['http_status', 3, respond('sorry', { status: 500 })],
    ['too_large', 1, flood()],
    ['unsupported_format', 1, respond('<svg xmlns="http://www.w3.org/2000/svg"/>', { type: 'image/jpeg' })],
    ['corrupt_image', 1, respond(jpeg.subarray(0, jpeg.length / 2))],
    ['too_many_pixels', 1, respond(await labelled(1, { width: 1200, height: 900 }))]
  ]
  for (const [code, attempts, handler] of failures) {
    t.test(`an image fails with ${code} after ${attempts} attempts`, async (t) => {
      const url = place(handler)
      const id = await create(app, [url])
      await settled(app, id)
      const { image_status, images } = await show(app, id)
      t.match(images, [{ status: 'failed', attempts, url: null, error: { code, detail: /\w+/ } }])
      t.equal(image_status, 'failed')
      t.equal(origin.count(pathOf(url)), attempts)
      t.same(await keys(app, id), [])
      await quiet(app, id)
    })
  }

  t.test('an origin that recovers is tried again until it does', async (t) => {
    let requests = 0
    const good = await picture(31)
    const sorry = respond('sorry', { status: 503 })
    const url = place((request, response) => (++requests < 3 ? sorry : good)(request, response))
    const id = await create(app, [url])
    await settled(app, id)
    t.match((await show(app, id)).images, [{ status: 'done', attempts: 3, error: null }])
  })

  t.test('Retry-After is honoured, and the wait can be seen', async (t) => {
    const url = place(respond('later', { status: 429, headers: { 'retry-after': '1800' } }))
    const id = await create(app, [url])
    await until(app, id, ({ images }) => images[0]?.attempts === 1)
    const { rows } = await app.pg.query(
      `SELECT due_at > now() + interval '29 min' AND due_at <= now() + interval '30 min' AS in_time FROM outbox
       WHERE product_id = $1 AND due_at > now() + interval '1 min'`,
      [id]
    )
    t.same(rows, [{ in_time: true }])
    t.match(await show(app, id), { image_status: 'pending', images: [{ error: { code: 'http_status' } }] })

    // A hint before its time changes nothing.
    await hint(app, id, 5)
    await quiet(app, id)
    t.equal(origin.count(pathOf(url)), 1)
    t.match((await show(app, id)).images, [{ attempts: 1 }])
  })

  t.test('a replaced image is removed with its object, the others stay as they are', async (t) => {
    const [kept, old, fresh] = [place(await picture(41)), place(await picture(42)), place(await picture(43))]
    const id = await create(app, [kept, old])
    const before = await settled(app, id)
    const payload = { ...input, product_images: [fresh, kept] }
    await app.inject({ method: 'PUT', url: `/api/v1/products/${id}`, payload })
    const after = await settled(app, id)
    await untilKeys(app, id, keysOf(after))
    const row = (record: ProductRecord) => record.images.find(({ source_url }) => source_url === kept)
    t.same(row(after), row(before))
    t.equal(origin.count(pathOf(kept)), 1)
  })

  t.test('a deleted product takes its objects with it', async () => {
    const id = await create(app, [place(await picture(51)), place(await picture(52))])
    await settled(app, id)
    await app.inject({ method: 'DELETE', url: `/api/v1/products/${id}` })
    await untilKeys(app, id, [])
  })

  for (const method of ['PUT', 'DELETE'] as const) {
    t.test(`an image that is removed by ${method} while it is made leaves no object behind`, async () => {
      const { handle, letGo } = held(await picture(61))
      const url = place(handle)
      const asked = origin.requested(pathOf(url))
      const id = await create(app, [url])
      await asked
      const payload = method === 'PUT' ? { ...input, product_images: [] } : undefined
      await app.inject({ method, url: `/api/v1/products/${id}`, ...(payload && { payload }) })
      const put = app.objects.put
      const stored = new Promise<void>((resolve) => {
        app.objects.put = async (...args) => {
          const url = await put.apply(app.objects, args)
          resolve()
          return url
        }
      })
      letGo()
      await stored
      app.objects.put = put
      await untilLateKeys(app, id, [])
    })
  }

  t.test('what failed is made again when asked for', async (t) => {
    const url = `${origin.url}/repaired`
    const good = place(await picture(71))
    const id = await create(app, [url, good])
    await settled(app, id)
    origin.on('/repaired', await picture(72))
    const { statusCode } = await app.inject({ method: 'POST', url: `/api/v1/products/${id}/reprocess` })
    t.equal(statusCode, 202)
    const record = await settled(app, id)
    t.match(
      record.images.map(({ status, attempts }) => ({ status, attempts })),
      [
        { status: 'done', attempts: 1 },
        { status: 'done', attempts: 1 }
      ]
    )
    t.equal(origin.count(pathOf(good)), 1)
  })

  t.test('all images are made again when asked for, at new URLs', async (t) => {
    const id = await create(app, [place(await picture(81))])
    const before = await settled(app, id)
    await app.inject({ method: 'POST', url: `/api/v1/products/${id}/reprocess?all=true` })
    const after = await settled(app, id)
    t.not(after.images[0]?.url, before.images[0]?.url)
    t.same(await keys(app, id), [...keysOf(before), ...keysOf(after)].sort())
    await untilLateKeys(app, id, keysOf(after))
  })

  t.test('repeated messages for one product make every image once', async (t) => {
    const { handle, letGo } = held(await picture(91))
    const url = place(handle)
    const asked = origin.requested(pathOf(url))
    const id = await create(app, [url])
    await asked
    await hint(app, id, 10)
    await quiet(app, id, 1)
    letGo()
    const record = await settled(app, id)
    await hint(app, id, 10)
    await quiet(app, id)
    t.same(await app.products.load(id).then((p) => p?.images), record.images)
    t.equal(origin.count(pathOf(url)), 1)
  })

  t.test('a message for a product that never was is forgotten', async (t) => {
    await hint(app, 2_000_000_000)
    await t.resolves(quiet(app, 2_000_000_000))
  })

  t.test('a product that the original wrote is worked on', async (t) => {
    const url = place(await picture(95))
    const { rows } = await app.pg.query<{ id: number }>(
      `INSERT INTO products (user_id, product_name, product_description, product_price, product_images)
       VALUES (1, 'Theirs', '', 5, ARRAY[$1]) RETURNING id`,
      [url]
    )
    const id = rows[0]?.id ?? 0
    app.outbox.poke()
    const record = await until(app, id, ({ images }) => images[0]?.status === 'done')
    const compressed = await app.pg.query(
      'SELECT compressed_product_images AS urls FROM products WHERE id = $1',
      [id]
    )
    t.same(compressed.rows, [{ urls: [record.images[0]?.url] }])
  })

  t.test('an image that cannot be stored stays pending, says why, and costs no attempts', async (t) => {
    const { app, breakStorage } = await open(t, { MAX_ATTEMPTS: '1' })
    await breakStorage()
    const id = await create(app, [place(await picture(96))])
    await until(app, id, ({ images }) => images[0]?.error_code === 'storage')
    t.match((await show(app, id)).images, [{ status: 'pending', attempts: 0, error: { code: 'storage' } }])
  })

  t.test('an origin that never responds is a timeout', async (t) => {
    const { app } = await open(t, { DOWNLOAD_TIMEOUT_MS: '200', MAX_ATTEMPTS: '2' })
    const id = await create(app, [place(silence())])
    await settled(app, id)
    t.match((await show(app, id)).images, [{ status: 'failed', attempts: 2, error: { code: 'timeout' } }])
  })

  t.test('an image whose work was lost is enqueued again by the sweep', async (t) => {
    const { app } = await open(t, { JOB_TIMEOUT_MS: '3000', DOWNLOAD_TIMEOUT_MS: '3000' })
    const { rows } = await app.pg.query<{ id: number }>(
      `WITH lost AS (INSERT INTO products (user_id, product_name, product_price, product_images, version)
         VALUES (1, 'Lost', 1, ARRAY[$1], 1) RETURNING id)
       INSERT INTO product_images (product_id, source_url, due_at) SELECT id, $1, now() - interval '1 hour' FROM lost
       RETURNING product_id AS id`,
      [place(await picture(97))]
    )
    const record = await until(app, rows[0]?.id ?? 0, ({ images }) => images[0]?.status === 'done')
    t.equal(record.images[0]?.attempts, 1)
  })

  t.test('a stop releases the jobs that run, and no attempt is counted', async (t) => {
    const url = place(silence())
    const asked = origin.requested(pathOf(url))
    const { app } = await open(t)
    await create(app, [url])
    await asked
    const finish = app.products.finish.bind(app.products)
    const recorded = new Promise<ProductRecord | null>((resolve) => {
      app.products.finish = async (product, outcomes) => {
        const kept = await finish(product, outcomes)
        resolve(await app.products.load(product.id))
        return kept
      }
    })
    await app.close()
    t.match((await recorded)?.images, [{ status: 'pending', attempts: 0, error_code: null }])
  })
}
