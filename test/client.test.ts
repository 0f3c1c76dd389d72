import t from 'tap'
import {
  allProducts,
  createClient,
  createProduct,
  createUser,
  deleteProduct,
  getProduct,
  listProducts,
  ProblemError,
  productChanges,
  updateProduct,
  uploadImage,
  waitForImages
} from '../client/src/index.ts'
import { buildTestApp } from './support/app.ts'
import { startOrigin } from './support/http/origin.ts'
import { labelled } from './support/pictures/pictures.ts'

const origin = await startOrigin()
t.teardown(() => origin.stop())
const picture = await labelled(1)
origin.serve('/good.jpg', picture)

const app = await buildTestApp(t, { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
const baseUrl = await app.listen({ port: 0 })
const client = createClient({ baseUrl })
await createUser({ client, body: { username: 'ada' }, throwOnError: true })

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }

async function create(...paths: string[]): Promise<number> {
  const body = { ...LAMP, product_images: paths.map((path) => origin.url + path) }
  const { data } = await createProduct({ client, body, throwOnError: true })
  return data.product_id
}

/** Holds back the responses for a path until the returned function is called. */
function gate(path: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  origin.on(path, async (_, response) => {
    await promise
    response.end(picture)
  })
  return resolve
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

t.test('a product can be created, read, changed and deleted', async (t) => {
  const path = { id: await create() }
  const { data, error } = await getProduct({ client, path })
  t.equal(error, undefined)
  t.match(data, { ...path, ...LAMP, image_status: 'none' })
  const body = { ...LAMP, product_price: 99 }
  t.strictSame((await updateProduct({ client, path, body })).data, {
    message: 'Product updated successfully'
  })
  t.equal((await getProduct({ client, path })).data?.product_price, 99)
  t.equal((await deleteProduct({ client, path })).response?.status, 204)
  t.equal((await getProduct({ client, path })).error?.status, 404)
})

t.test('a refusal is a problem, not an exception', async (t) => {
  const { data, error } = await createProduct({ client, body: { ...LAMP, user_id: 4711 } })
  t.equal(data, undefined)
  t.match(error, { status: 422, detail: 'There is no user 4711.', errors: [{ pointer: '/user_id' }] })
})

t.test(
  'a field that the service does not know is refused, unless the client asks to ignore it',
  async (t) => {
    const body = { ...LAMP, colour: 'red' }
    const { error } = await createProduct({ client, body })
    t.match(error, { code: 'invalid_request', errors: [{ pointer: '/colour' }] })
    const headers = { prefer: 'handling=lenient' }
    t.equal((await createProduct({ client, body, headers })).error, undefined)
  }
)

t.test('a file becomes an image', async (t) => {
  const file = new Uint8Array(picture)
  const sources = [
    await uploadImage(file, { client, contentType: 'image/jpeg' }),
    await uploadImage(new Blob([file], { type: 'image/jpeg' }), { client, userId: 1 })
  ]
  const body = { ...LAMP, product_images: sources }
  const { data } = await createProduct({ client, body, throwOnError: true })
  const { images } = await waitForImages(data.product_id, { client })
  t.match(images, [{ status: 'done' }, { status: 'done' }])
  const large = new Blob([new Uint8Array(26_214_401)])
  const error = await uploadImage(large, { client }).catch((cause: unknown) => cause)
  t.match(error, { problem: { status: 422, code: 'invalid_input' } })
})

t.test('waiting ends when the images are done', async (t) => {
  const finish = gate('/slow.jpg')
  const id = await create('/slow.jpg', '/good.jpg')
  const seen: string[] = []
  const product = await waitForImages(id, {
    client,
    onChange({ image_status }) {
      seen.push(image_status)
      finish()
    }
  })
  t.strictSame(product, (await getProduct({ client, path: { id } })).data)
  t.strictSame(
    product.images.map(({ status }) => status),
    ['done', 'done']
  )
  t.strictSame(seen, ['pending', 'done'])
})

t.test('a lost connection is taken up where it was', async (t) => {
  const finish = gate('/slow.jpg')
  const lastEventIds: (string | null)[] = []
  const breaking = createClient({
    baseUrl,
    fetch: async (...request) => {
      const response = await fetch(...request)
      lastEventIds.push(new Request(...request).headers.get('last-event-id'))
      return lastEventIds.length > 1 ? response : lostAfterFirstEvent(response, finish)
    }
  })
  const changes = await collect(productChanges(await create('/slow.jpg'), { client: breaking }))
  t.strictSame(
    changes.map(({ image_status }) => image_status),
    ['pending', 'done']
  )
  t.strictSame(lastEventIds, [null, '1'])
})

/** Passes a response on as far as its first event, and then breaks off. */
function lostAfterFirstEvent(response: Response, lost: () => void): Response {
  const breaker = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk)
      if (!Buffer.from(chunk).includes('event:')) return
      setImmediate(() => {
        controller.error(new TypeError('terminated'))
        lost()
      })
    }
  })
  return new Response(response.body?.pipeThrough(breaker), response)
}

t.test('waiting for a product that does not exist, or no longer, throws the problem', async (t) => {
  const refused = waitForImages(4711, { client })
  await t.rejects(
    refused,
    new ProblemError({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      code: 'not_found',
      detail: 'There is no product 4711.',
      error: 'There is no product 4711.'
    })
  )
  t.teardown(gate('/slow.jpg'))
  const id = await create('/slow.jpg')
  const deleted = waitForImages(id, { client, onChange: () => deleteProduct({ client, path: { id } }) })
  await t.rejects(deleted, { name: 'ProblemError', problem: { status: 404 } })
})

t.test('waiting can be ended', async (t) => {
  t.teardown(gate('/slow.jpg'))
  const stop = new AbortController()
  const reason = new Error('enough')
  const onChange = () => stop.abort(reason)
  await t.rejects(waitForImages(await create('/slow.jpg'), { client, signal: stop.signal, onChange }), reason)
  await t.rejects(waitForImages(1, { client, signal: AbortSignal.abort(reason) }), reason)
})

t.test('all products come, page after page', async (t) => {
  const ids: number[] = []
  for (let i = 0; i < 5; i++) {
    const { data } = await createProduct({ client, body: { ...LAMP, user_id: 2 }, throwOnError: true })
    ids.unshift(data.product_id)
  }
  const all = await collect(allProducts({ user_id: 2, limit: 2 }, { client }))
  t.strictSame(
    all.map(({ id }) => id),
    ids
  )
  t.strictSame(all, (await listProducts({ client, query: { user_id: 2 } })).data)
  t.strictSame(await collect(allProducts({ product_name: 'no such thing' }, { client })), [])
})

t.test('pages that are refused throw the problem', async (t) => {
  const pages = collect(allProducts({ limit: 0 }, { client }))
  await t.rejects(pages, { name: 'ProblemError', problem: { status: 400, errors: [{ pointer: 'limit' }] } })
})
