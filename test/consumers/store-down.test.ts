import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { buildTestApp, LogStream, settled } from '../support/app.ts'
import { type FaultyProxy, startFaultyProxy } from '../support/http/faulty-proxy.ts'
import { listen } from '../support/http/listen.ts'
import { startOrigin } from '../support/http/origin.ts'
import { owned } from '../support/owner.ts'
import { labelled } from '../support/pictures/pictures.ts'

const IMAGES = 3
const DOWN = 'The object store takes no images; they wait'
const UP = 'The object store takes images again'
const UNREAD = 'The object store cannot be read; images wait'
const READ = 'The object store can be read again'
const LINES = [DOWN, UP, UNREAD, READ]

/** A service whose bucket takes and has everything that its proxy lets pass, and sources of images. */
async function start(t: Test) {
  const picture = await labelled(0)
  const bucket = createServer((request, response) => {
    const { method } = request
    request.resume().on('end', () => {
      response.writeHead(method === 'DELETE' ? 204 : 200).end(method === 'GET' ? picture : undefined)
    })
  })
  const proxy = owned(t, await startFaultyProxy(owned(t, await listen(bucket)).url))
  const origin = owned(t, await startOrigin())
  const log = new LogStream()
  const app = await buildTestApp(
    t,
    {
      LOG_LEVEL: 'info',
      ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
      AWS_ENDPOINT_URL_S3: proxy.url,
      AWS_BUCKET_NAME: 'images',
      AWS_ACCESS_KEY: 'key',
      AWS_SECRET_KEY: 'secret',
      MAX_ATTEMPTS: '2',
      RETRY_BASE_MS: '1'
    },
    { logger: { stream: log } }
  )
  let name = 0
  const create = async () => {
    const path = `/${++name}.jpg`
    origin.serve(path, await labelled(name))
    const product_images = [`${origin.url}${path}`]
    return await app.products.create({ user_id: 1, product_name: 'Lamp', product_price: 1, product_images })
  }
  return { app, proxy, log, create }
}

/** The lines about the store, in their order. */
const saidOf = ({ entries }: LogStream) =>
  entries.flatMap(({ msg }) => (typeof msg === 'string' && LINES.includes(msg) ? [msg] : []))

const faults: [string, FaultyProxy['fault']][] = [
  ['refuses requests', 'refuse'],
  ['takes uploads and says that it did not', (method) => (method === 'PUT' ? 'deny' : 'none')]
]

for (const [what, fault] of faults) {
  t.test(`a store that ${what} costs no attempts, and no removal reaches it meanwhile`, async (t) => {
    const { app, proxy, log, create } = await start(t)
    proxy.fault = fault
    const down = once(log, DOWN)
    const ids = await Promise.all(Array.from({ length: IMAGES }, create))
    const [first = 0] = ids
    await Promise.race([down, settled(app, first)])
    const removed = Promise.withResolvers<string[]>()
    app.objects.remove = async (key) => removed.resolve([...saidOf(log), key])
    await app.pg.query(
      `INSERT INTO outbox (kind, payload) VALUES ('object', '{"key": "products/1/old.jpg"}')`
    )
    app.outbox.poke(['object'])
    const health = await app.inject('/health/ready')
    t.match(health.json(), { status: 'ready', dependencies: { storage: 'unavailable' } })
    t.match(saidOf(log), [DOWN])

    proxy.fault = 'none'
    const products = await Promise.all(ids.map((id) => settled(app, id)))
    t.match(
      products.map(({ images }) => images),
      ids.map(() => [{ status: 'done', attempts: 1, error_code: null }])
    )
    t.strictSame(saidOf(log), [DOWN, UP])
    t.match((await app.inject('/health/ready')).json(), { dependencies: { storage: 'connected' } })
    t.strictSame(await removed.promise, [DOWN, UP, 'products/1/old.jpg'])
  })
}

t.test('a store that cannot be read costs no attempts either', async (t) => {
  const { app, proxy, log } = await start(t)
  proxy.fault = (method) => (method === 'GET' ? 'refuse' : 'none')
  const unread = once(log, UNREAD)
  const upload = await app.inject({ method: 'POST', url: '/api/v1/uploads', payload: {} })
  const product_images = [upload.json().source]
  const id = await app.products.create({ user_id: 1, product_name: 'Lamp', product_price: 1, product_images })
  await Promise.race([unread, settled(app, id)])
  t.match((await app.inject('/health/ready')).json(), { dependencies: { storage: 'unavailable' } })
  proxy.fault = 'none'
  t.match(await settled(app, id), { images: [{ status: 'done', attempts: 1, error_code: null }] })
  t.strictSame(saidOf(log), [UNREAD, READ])
})
