import { once } from 'node:events'

import t from 'tap'
import { buildTestApp, LogStream, settled } from '../../support/app.ts'
import { startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { photo } from '../../support/pictures/pictures.ts'
import { problem, versionMismatch } from '../../support/problem.ts'

const PUBLIC_BASE_URL = 'https://cdn.example'

const origin = await startOrigin()
t.teardown(() => origin.stop())
const picture = await photo({ width: 64, height: 48 })
for (const path of ['/a.jpg', '/b.jpg', '/c.jpg']) origin.serve(path, picture)
const [a, b, c] = ['/a.jpg', '/b.jpg', '/c.jpg'].map((path) => origin.url + path)

const log = new LogStream()
const app = await buildTestApp(
  t,
  { PUBLIC_BASE_URL, ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' },
  { logger: { level: 'info', stream: log } }
)
const call = await documented(app)

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_description: 'Bright.', product_price: 100.5 }
const UPDATED = { message: 'Product updated successfully' }

async function createLamp(fields: object = {}): Promise<number> {
  const reply = await call({ method: 'POST', url: '/api/v1/products', payload: { ...LAMP, ...fields } })
  return reply.json().product_id
}

const read = async (id: number) => (await call({ url: `/api/v1/products/${id}` })).json()

/** Both ways to say which product is meant. */
const FORMS = {
  'PUT /products': (id: number, fields: object, headers = {}) =>
    call({ method: 'PUT', url: '/api/v1/products', payload: { id, ...LAMP, ...fields }, headers }),
  'PUT /products/:id': (id: number, fields: object, headers = {}) =>
    call({ method: 'PUT', url: `/api/v1/products/${id}`, payload: { ...LAMP, ...fields }, headers })
}

for (const [form, replace] of Object.entries(FORMS)) {
  t.test(`${form} replaces what a client may write, and what it leaves out`, async (t) => {
    const id = await createLamp()
    const before = await read(id)
    const reply = await replace(id, {
      product_name: 'Floor lamp',
      product_price: 0,
      product_description: undefined
    })
    t.equal(reply.statusCode, 200)
    t.strictSame(reply.json(), UPDATED)
    const after = await read(id)
    t.ok(after.updated_at > before.updated_at)
    t.strictSame(after, {
      ...before,
      product_name: 'Floor lamp',
      product_price: 0,
      product_description: '',
      updated_at: after.updated_at
    })
  })

  t.test(`${form} keeps the results of images whose URL stays, and enqueues the others`, async (t) => {
    const id = await createLamp({ product_images: [a, b] })
    await settled(app, id)
    const before = await read(id)
    t.equal(before.image_status, 'done')
    await replace(id, { product_images: [c, b] })
    await settled(app, id)
    const after = await read(id)
    t.strictSame(after.images[1], before.images[1])
    t.match(after.images[0], { source_url: c, status: 'done' })
    t.strictSame(after.product_images, [c, b])
    t.strictSame(after.compressed_product_images, [after.images[0].url, before.images[1].url])
  })

  t.test(`${form} needs the product to be that user's`, async (t) => {
    const id = await createLamp()
    const other = await call({ method: 'POST', url: '/api/v1/users', payload: { username: 'ada' } })
    const before = await read(id)
    for (const [target, fields] of [
      [id, { user_id: other.json().user_id }],
      [id, { user_id: 2_147_483_647 }],
      [4711, {}]
    ] as const) {
      t.strictSame(
        (await replace(target, fields)).json(),
        problem('not_found', `There is no product ${target}.`)
      )
    }
    t.strictSame(await read(id), before)
  })

  t.test(`${form} with If-Match changes that version only`, async (t) => {
    const id = await createLamp()
    for (const tags of ['"2"', 'W/"1"', '1', '""', '"0", W/"1"', '"1-x"', '"2-00000000"']) {
      t.strictSame((await replace(id, {}, { 'if-match': tags })).json(), versionMismatch(id))
    }
    const { etag } = (await call({ url: `/api/v1/products/${id}` })).headers
    for (const tags of [`${etag}`, '"2"', '"1", "3"', '*']) {
      t.equal((await replace(id, {}, { 'if-match': tags })).statusCode, 200, tags)
    }
    t.match((await call({ url: `/api/v1/products/${id}` })).headers.etag, /^"5-/)
  })

  t.test(`${form} takes every price as it was sent`, async (t) => {
    const id = await createLamp()
    const prices = [524_288.07, 7_442_978.02, 12_345_678.95, 33_333_333.33, 99_999_999.99]
    for (const product_price of prices) {
      await replace(id, { product_price })
      t.equal((await read(id)).product_price, product_price)
    }
  })

  t.test(`${form} of two writers with the same tag lets one win`, async (t) => {
    const id = await createLamp()
    const writers = ['one', 'two', 'three'].map((product_name) =>
      replace(id, { product_name }, { 'if-match': '"1"' })
    )
    const statuses = (await Promise.all(writers)).map(({ statusCode }) => statusCode)
    t.strictSame(statuses.sort(), [200, 412, 412])
  })

  t.test(`${form} names what does not match the schema and each image that cannot be used`, async (t) => {
    const id = await createLamp()
    t.strictSame((await replace(id, { product_price: 0.001 })).json().errors, [
      { pointer: '/product_price', detail: 'must be a multiple of 0.01' }
    ])
    const reply = await replace(id, { product_images: [a, 'http://10.0.0.1/'] })
    t.equal(reply.statusCode, 422)
    t.strictSame(reply.json().errors, [
      { pointer: '/product_images/1', detail: 'must not point to a private or reserved address' }
    ])
  })
}

t.test('PUT /products needs the id in the body', async (t) => {
  const wrong: [id: unknown, detail: string][] = [
    [undefined, 'is required'],
    ['1', 'must be integer'],
    [0, 'must be >= 1'],
    [2_147_483_648, 'must be <= 2147483647']
  ]
  for (const [id, detail] of wrong) {
    const reply = await call({ method: 'PUT', url: '/api/v1/products', payload: { ...LAMP, id } })
    t.strictSame(
      reply.json(),
      problem('invalid_request', 'The request does not match the schema.', [{ pointer: '/id', detail }])
    )
  }
})

t.test('the object of a removed image is removed', async (t) => {
  const id = await createLamp({ product_images: [a] })
  const { images } = await settled(app, id)
  const key = images[0]?.object_key ?? ''
  const removed = once(log, 'Object removed')
  await FORMS['PUT /products/:id'](id, { product_images: [] })
  t.match(await read(id), { image_status: 'none', images: [], compressed_product_images: [] })
  t.match(await removed, [{ key }])
  t.equal((await app.inject(`/media/${key}`)).statusCode, 404)
})

t.test('images in another order are not made again', async (t) => {
  const id = await createLamp({ product_images: [a, b] })
  await settled(app, id)
  const before = await read(id)
  const downloads = origin.requests.length
  await FORMS['PUT /products/:id'](id, { product_images: [b, a, b] })
  const after = await read(id)
  const [first, second] = before.images
  t.strictSame(after.images, [second, first, second])
  t.strictSame(after.compressed_product_images, [second.url, first.url, second.url])
  t.equal(after.image_status, 'done')
  t.equal(origin.requests.length, downloads)
})
