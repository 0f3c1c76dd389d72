import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { openEvents } from '../../support/event-stream.ts'
import { startOrigin } from '../../support/http/origin.ts'
import { labelled } from '../../support/pictures/pictures.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres, sharedRedis } from '../../support/servers/shared.ts'

const LOOPBACK = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 1 }

const origin = await startOrigin()
t.teardown(() => origin.stop())
const picture = await labelled(1)
origin.serve('/good.jpg', picture)

const app = await buildTestApp(t, LOOPBACK)
await app.listen({ port: 0 })

async function create(app: FastifyInstance, paths: string | string[] = [], headers = {}): Promise<string> {
  const payload = { ...LAMP, product_images: [paths].flat().map((path) => origin.url + path) }
  const reply = await app.inject({ method: 'POST', url: '/api/v1/products', payload, headers })
  return String(reply.headers.location)
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

t.test('the product comes at once and when its images are finished, and that is the end', async (t) => {
  const finish = gate('/slow.jpg')
  const { response, next } = await openEvents(app, await create(app, '/slow.jpg'))
  t.equal(response.status, 200)
  t.equal(response.headers.get('content-type'), 'text/event-stream')
  t.equal(response.headers.get('cache-control'), 'no-store, no-transform')
  t.match(await next(), { id: '1', event: 'product', product: { image_status: 'pending' } })
  finish()
  t.match(await next(), { id: '2', event: 'product', product: { image_status: 'done' } })
  t.equal(await next(), null)
})

t.test('the data of an event is the product as it is read', async (t) => {
  const url = await create(app)
  const { next } = await openEvents(app, url)
  t.strictSame(await next(), { id: '1', event: 'product', product: (await app.inject(url)).json() })
  t.equal(await next(), null)
})

t.test('a change of the product comes while its images are pending', async (t) => {
  const finish = gate('/slow.jpg')
  const url = await create(app, '/slow.jpg')
  const { next } = await openEvents(app, url)
  await next()
  const payload = { ...LAMP, product_name: 'Floor lamp', product_images: [`${origin.url}/slow.jpg`] }
  await app.inject({ method: 'PUT', url, payload })
  t.match(await next(), { id: '2', product: { product_name: 'Floor lamp', image_status: 'pending' } })
  finish()
  t.match(await next(), { id: '3', product: { image_status: 'done' } })
})

t.test('a client that comes back gets only what is newer', async (t) => {
  const finish = gate('/slow.jpg')
  const url = await create(app, '/slow.jpg')
  const { next } = await openEvents(app, url, '1')
  finish()
  t.match(await next(), { id: '2', product: { image_status: 'done' } })
  const late = await openEvents(app, url, '1')
  t.match(await late.next(), { id: '2', product: { image_status: 'done' } })
})

t.test('a client that has the last version gets 204, so that browsers stop reconnecting', async (t) => {
  const { response, next } = await openEvents(app, await create(app), '1')
  t.equal(response.status, 204)
  t.equal(await next(), null)
})

t.test('the end of the product is the end of the stream', async (t) => {
  const finish = gate('/slow.jpg')
  t.teardown(finish)
  const url = await create(app, '/slow.jpg')
  const { next } = await openEvents(app, url)
  await next()
  await app.inject({ method: 'DELETE', url })
  t.strictSame(await next(), { id: undefined, event: 'deleted', product: null })
  t.equal(await next(), null)
})

t.test('there is nothing to follow of a product that does not exist', async (t) => {
  const { response } = await openEvents(app, '/api/v1/products/4711')
  t.equal(response.status, 404)
  t.match(await response.json(), { title: 'Not Found', detail: 'There is no product 4711.' })
})

t.test('an id of no event is refused', async (t) => {
  const { response } = await openEvents(app, await create(app), 'first')
  t.equal(response.status, 400)
})

t.test('more streams than the settings allow are refused until one ends', async (t) => {
  const small = await buildTestApp(t, { ...LOOPBACK, MAX_EVENT_STREAMS: '1' })
  await small.listen({ port: 0 })
  const finish = gate('/slow.jpg')
  const url = await create(small, '/slow.jpg')
  const first = await openEvents(small, url)
  await first.next()
  const { response } = await openEvents(small, url)
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), '2')
  await response.body?.cancel()
  finish()
  await first.next()
  t.equal(await first.next(), null)
  t.equal((await openEvents(small, url)).response.status, 200)
})

t.test('the place of a client that disconnects is free at once', async (t) => {
  const small = await buildTestApp(t, { ...LOOPBACK, MAX_EVENT_STREAMS: '1' })
  await small.listen({ port: 0 })
  t.teardown(gate('/slow.jpg'))
  const url = await create(small, '/slow.jpg')
  const [[, reply], { response }] = await Promise.all([once(small.server, 'request'), openEvents(small, url)])
  await Promise.all([once(reply, 'close'), response.body?.cancel()])
  t.equal((await openEvents(small, url)).response.status, 200)
})

t.test('without authentication one address takes no more than half of the streams', async (t) => {
  const variables = { ...LOOPBACK, MAX_EVENT_STREAMS: '2', TRUST_PROXY: '127.0.0.0/8,::1/128' }
  const shared = await buildTestApp(t, variables)
  await shared.listen({ port: 0 })
  t.teardown(gate('/slow.jpg'))
  const url = await create(shared, '/slow.jpg')
  const open = async (ip: string) => {
    const { response } = await openEvents(shared, url, undefined, { 'x-forwarded-for': ip })
    return response.status
  }
  t.equal(await open('203.0.113.7'), 200)
  t.equal(await open('203.0.113.7'), 503)
  t.equal(await open('2001:db8::1'), 200)
})

t.test('one caller takes no more than half of the streams', async (t) => {
  const [one, two] = ['key-of-caller-one', 'key-of-caller-two']
  const shared = await buildTestApp(t, { ...LOOPBACK, API_KEYS: `${one},${two}`, MAX_EVENT_STREAMS: '2' })
  await shared.listen({ port: 0 })
  t.teardown(gate('/slow.jpg'))
  const url = await create(shared, '/slow.jpg', { 'x-api-key': one })
  const open = async (key: string) => {
    const { response } = await openEvents(shared, url, undefined, { 'x-api-key': key })
    return response.status
  }
  t.equal(await open(one), 200)
  t.equal(await open(one), 503)
  t.equal(await open(two), 200)
})

t.test('a closing service ends its streams, and opens no more', async (t) => {
  const closing = await buildTestApp(t, LOOPBACK)
  await closing.listen({ port: 0 })
  t.teardown(gate('/slow.jpg'))
  const { next } = await openEvents(closing, await create(closing, '/slow.jpg'))
  await next()
  const closed = closing.close()
  t.equal(await next(), null)
  await closed
})

t.test('a change in one process reaches the streams of another', needsServices, async (t) => {
  const [postgres, redis] = await Promise.all([sharedPostgres(t), sharedRedis(t)])
  const servers = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url }
  const writer = await buildTestApp(t, { ...LOOPBACK, ...servers })
  const reader = await buildTestApp(t, { ...LOOPBACK, ...servers })
  await reader.listen({ port: 0 })
  const finish = gate('/slow.jpg')
  const url = await create(writer, '/slow.jpg')
  const { next } = await openEvents(reader, url)
  t.match(await next(), { id: '1' })
  const payload = { ...LAMP, product_name: 'Floor lamp', product_images: [`${origin.url}/slow.jpg`] }
  await writer.inject({ method: 'PUT', url, payload })
  t.match(await next(), { id: '2', product: { product_name: 'Floor lamp' } })
  finish()
  t.match(await next(), { id: '3', product: { image_status: 'done' } })
  t.equal(await next(), null)
})
