import { once } from 'node:events'
import t from 'tap'
import { buildTestApp, LogStream, settled } from '../../support/app.ts'
import { startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { removeLate } from '../../support/outbox.ts'
import { photo } from '../../support/pictures/pictures.ts'
import { problem, versionMismatch } from '../../support/problem.ts'

const origin = await startOrigin()
t.teardown(() => origin.stop())
origin.serve('/a.jpg', await photo({ width: 64, height: 48 }))

const log = new LogStream()
const app = await buildTestApp(
  t,
  { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' },
  { logger: { level: 'info', stream: log } }
)
const call = await documented(app)

async function createLamp(product_images: string[] = []): Promise<number> {
  const payload = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5, product_images }
  return (await call({ method: 'POST', url: '/api/v1/products', payload })).json().product_id
}

const remove = (id: number, headers = {}) =>
  call({ method: 'DELETE', url: `/api/v1/products/${id}`, headers })

t.test('a deleted product is gone at once, from the list, too', async (t) => {
  const id = await createLamp()
  const reply = await remove(id)
  t.equal(reply.statusCode, 204)
  t.equal(reply.body, '')
  t.notOk('content-type' in reply.headers)
  t.equal((await call({ url: `/api/v1/products/${id}` })).statusCode, 404)
  t.strictSame((await call({ url: '/api/v1/products' })).json(), [])
})

t.test('a product that is not there is 404', async (t) => {
  const id = await createLamp()
  await remove(id)
  t.strictSame((await remove(id)).json(), problem('not_found', `There is no product ${id}.`))
})

t.test('its objects are removed', async (t) => {
  const id = await createLamp([`${origin.url}/a.jpg`])
  const { images } = await settled(app, id)
  const key = images[0]?.object_key ?? ''
  t.equal((await app.inject(`/media/${key}`)).headers['content-type'], 'image/jpeg')
  const removed = once(log, 'Object removed')
  await remove(id)
  t.match(await removed, [{ key }])
  t.equal((await app.inject(`/media/${key}`)).statusCode, 404)
})

t.test('with If-Match only that version is deleted', async (t) => {
  const id = await createLamp()
  for (const tags of ['"2"', 'W/"1"', '1']) {
    t.strictSame((await remove(id, { 'if-match': tags })).json(), versionMismatch(id))
  }
  t.equal((await remove(id, { 'if-match': '"0", "1"' })).statusCode, 204)
})

t.test('an image that is made while its product is deleted leaves no object behind', async (t) => {
  const picture = await photo({ width: 64, height: 48 })
  const gate = Promise.withResolvers<void>()
  origin.on('/held.jpg', async (_, response) => {
    await gate.promise
    response.writeHead(200, { 'content-type': 'image/jpeg' }).end(picture)
  })
  const requested = origin.requested('/held.jpg')
  const id = await createLamp([`${origin.url}/held.jpg`])
  await requested
  const made = once(log, 'Image done')
  t.equal((await remove(id)).statusCode, 204)
  gate.resolve()
  const [{ object_key }] = await made
  const status = async () => (await app.inject(`/media/${object_key}`)).statusCode
  t.equal(await status(), 200)
  // The removal is enqueued after the image is made, and due when no upload can be late.
  while ((await status()) !== 404) await removeLate(app)
})
