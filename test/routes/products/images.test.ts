import t from 'tap'
import { buildTestApp, settled } from '../../support/app.ts'
import { startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { photo } from '../../support/pictures/pictures.ts'
import { problem } from '../../support/problem.ts'

const origin = await startOrigin()
t.teardown(() => origin.stop())
const picture = await photo({ width: 64, height: 48 })
origin.serve('/good.jpg', picture)
origin.serve('/text.jpg', 'This is no picture.')
const [good, text, gone] = [`${origin.url}/good.jpg`, `${origin.url}/text.jpg`, `${origin.url}/gone.jpg`]

const app = await buildTestApp(t, {
  PUBLIC_BASE_URL: 'https://cdn.example/shop/',
  ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8'
})
const call = await documented(app)

const read = (id: number) => call({ url: `/api/v1/products/${id}` })
const reprocess = (id: number, query = '') =>
  call({ method: 'POST', url: `/api/v1/products/${id}/reprocess${query}` })

async function create(product_images: string[]): Promise<number> {
  const payload = { user_id: 1, product_name: 'Desk lamp', product_price: 1, product_images }
  return (await call({ method: 'POST', url: '/api/v1/products', payload })).json().product_id
}

/** Holds back the responses for a path until `open` is called. */
function gate(path: string) {
  const { promise, resolve } = Promise.withResolvers<void>()
  origin.on(path, async (_, response) => {
    await promise
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end(picture)
  })
  return resolve
}

const PENDING = {
  status: 'pending',
  url: null,
  width: null,
  height: null,
  source_bytes: null,
  bytes: null,
  renditions: {},
  placeholder: null,
  attempts: 0,
  error: null
}

t.test('an image is pending until it is there', async (t) => {
  const open = gate('/held.jpg')
  const source_url = `${origin.url}/held.jpg`
  const id = await create([source_url])
  const before = (await read(id)).json()
  t.match(before, { image_status: 'pending', product_images: [source_url], compressed_product_images: [] })
  t.strictSame(before.images, [{ ...PENDING, id: before.images[0].id, source_url }])
  open()
  const [row] = (await settled(app, id)).images
  const after = await read(id)
  const url = `https://cdn.example/shop/${row?.object_key}`
  const image = {
    id: row?.id,
    source_url,
    status: 'done',
    url,
    width: 64,
    height: 48,
    source_bytes: picture.length
  }
  t.strictSame(after.json(), {
    ...before,
    updated_at: after.json().updated_at,
    image_status: 'done',
    compressed_product_images: [url],
    images: [{ ...PENDING, ...image, bytes: row?.bytes, attempts: 1 }]
  })
  t.match(after.headers.etag, /^"2-/)
})

t.test('the finished image is served as a JPEG that never changes', async (t) => {
  const { images } = await settled(app, await create([good]))
  const reply = await app.inject(`/media/${images[0]?.object_key}`)
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['content-type'], 'image/jpeg')
  t.equal(reply.headers['cache-control'], 'public, max-age=31536000, immutable')
  t.equal(reply.headers['x-content-type-options'], 'nosniff')
  t.equal(reply.rawPayload.length, images[0]?.bytes)
})

t.test('a URL that is there twice is made once, and keeps its places', async (t) => {
  const downloads = origin.count('/good.jpg')
  const id = await create([good, text, good])
  await settled(app, id)
  const product = (await read(id)).json()
  const [first, failed, again] = product.images
  t.strictSame(again, first)
  t.match(failed, { source_url: text, status: 'failed', error: { code: 'unsupported_format' } })
  t.strictSame(product.compressed_product_images, [first.url, first.url])
  t.equal(product.image_status, 'partial')
  t.equal(origin.count('/good.jpg'), downloads + 1)
})

t.test('an image that cannot be made says why', async (t) => {
  const id = await create([gone])
  await settled(app, id)
  const { image_status, compressed_product_images, images } = (await read(id)).json()
  t.equal(image_status, 'failed')
  t.strictSame(compressed_product_images, [])
  t.match(images, [
    { source_url: gone, status: 'failed', attempts: 1, error: { code: 'http_status', detail: /404/ } }
  ])
})

t.test('reprocess enqueues failed images again, and no others', async (t) => {
  const path = '/later.jpg'
  const id = await create([good, origin.url + path])
  await settled(app, id)
  const before = (await read(id)).json()
  t.equal(before.image_status, 'partial')
  const open = gate(path)
  const reply = await reprocess(id)
  t.equal(reply.statusCode, 202)
  t.strictSame(reply.json(), { message: 'Images will be processed again' })
  const [kept, enqueued] = (await read(id)).json().images
  t.strictSame(kept, before.images[0])
  t.strictSame(enqueued, { ...PENDING, id: before.images[1].id, source_url: origin.url + path })
  open()
  await settled(app, id)
  const after = (await read(id)).json()
  t.equal(after.image_status, 'done')
  t.strictSame(after.images[0], before.images[0])
})

t.test('reprocess with nothing failed changes nothing', async (t) => {
  const id = await create([good])
  await settled(app, id)
  const before = await read(id)
  for (const query of ['', '?all=false']) t.equal((await reprocess(id, query)).statusCode, 202)
  const after = await read(id)
  t.strictSame(after.json(), before.json())
  t.equal(after.headers.etag, before.headers.etag)
})

t.test('reprocess with all=true makes everything again, under new URLs', async (t) => {
  const id = await create([good, text])
  await settled(app, id)
  const before = (await read(id)).json()
  t.equal((await reprocess(id, '?all=true')).statusCode, 202)
  await settled(app, id)
  const after = (await read(id)).json()
  t.equal(after.image_status, 'partial')
  t.not(after.images[0].url, before.images[0].url)
  t.strictSame(after.compressed_product_images, [after.images[0].url])
})

t.test('while an image is made again, and if it cannot be, what was made before is served', async (t) => {
  const path = '/again.jpg'
  origin.serve(path, picture)
  const id = await create([origin.url + path])
  await settled(app, id)
  const before = (await read(id)).json()
  const [image] = before.images
  const open = gate(path)
  await reprocess(id, '?all=true')
  const meanwhile = (await read(id)).json()
  t.strictSame(meanwhile, {
    ...before,
    updated_at: meanwhile.updated_at,
    image_status: 'pending',
    images: [{ ...image, status: 'pending', attempts: 0 }]
  })
  open()
  await settled(app, id)
  origin.serve(path, 'This is no picture.')
  await reprocess(id, '?all=true')
  await settled(app, id)
  const after = (await read(id)).json()
  const { object_key } = (await app.products.load(id))?.images[0] ?? {}
  t.match(after, {
    image_status: 'done',
    compressed_product_images: [`https://cdn.example/shop/${object_key}`],
    images: [{ id: image.id, status: 'done', error: { code: 'unsupported_format' } }]
  })
  const served = await app.inject(`/media/${object_key}`)
  t.equal(served.statusCode, 200)
})

t.test('reprocess of a product without images is fine, of none is 404', async (t) => {
  const id = await create([])
  for (const query of ['', '?all=true']) t.equal((await reprocess(id, query)).statusCode, 202)
  t.strictSame((await reprocess(4711)).json(), problem('not_found', 'There is no product 4711.'))
})

t.test('reprocess with another value for all is 400', async (t) => {
  for (const value of ['', 'yes', '1']) {
    t.strictSame(
      (await reprocess(1, `?all=${value}`)).json(),
      problem('invalid_request', 'The request does not match the schema.', [
        { pointer: 'all', detail: 'must be boolean' }
      ])
    )
  }
})
