import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect } from 'amqplib'
import pg from 'pg'
import sharp from 'sharp'
import { startEmbeddedPostgres } from '../lib/database/pglite.ts'
import { respond, startOrigin } from '../test/support/http/origin.ts'
import { createFolder } from '../test/support/servers/guard.ts'
import { startPostgres } from '../test/support/servers/postgres.ts'
import { startRabbitmq } from '../test/support/servers/rabbitmq.ts'
import { Service, type Settings } from '../test/support/service.ts'
import { quantile } from './statistics.ts'

const USAGE = `npm run fairness -- [--only quorum,classic,none,embedded] [--images N] [--per-product N] [--seconds N]

One user has N images due, another one creates a product of one image each second. Prints how many milliseconds
those take from the request to done, on an idle system and beside the backlog.`

const TRANSPORTS = ['quorum', 'classic', 'none', 'embedded'] as const
type Transport = (typeof TRANSPORTS)[number]

const QUEUE = 'image_processing_queue'
/** Compiled code and connections. */
const WARM_UPS = 5

/** $1 products with $2 images each, all due. */
const BACKLOG = `WITH product AS (
  INSERT INTO products (user_id, product_name, product_price, product_images, version)
  SELECT 1, 'Lamp ' || n, 1, ARRAY(SELECT $3 || n || '-' || i FROM generate_series(1, $2::integer) AS i), 1
  FROM generate_series(1, $1::integer) AS n RETURNING id, product_images
), image AS (
  INSERT INTO product_images (product_id, source_url) SELECT id, unnest(product_images) FROM product
)
INSERT INTO outbox (kind, user_id, product_id) SELECT 'images', 1, id FROM product`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: TRANSPORTS.join() },
    images: { type: 'string', default: '100000' },
    'per-product': { type: 'string', default: '10' },
    seconds: { type: 'string', default: '30' },
    help: { type: 'boolean', default: false }
  }
})
if (options.help) console.log(USAGE)
else await fairness()

async function fairness(): Promise<void> {
  const picture = await sharp({ create: { width: 32, height: 32, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer()
  await using origin = await startOrigin({ handler: respond(picture) })
  for (const transport of TRANSPORTS.filter((name) => options.only.split(',').includes(name))) {
    console.log(transport, await measure(transport, `${origin.url}/`))
  }
}

async function measure(transport: Transport, imagesUrl: string) {
  await using stack = new AsyncDisposableStack()
  const settings = await servers(transport, stack)
  const idle = await withService(settings, (url) => timesToDone(url, imagesUrl))
  await seed(settings, imagesUrl)
  return await withService(settings, async (url) => {
    const [before, started] = [await imagesDone(url), performance.now()]
    const busy = await timesToDone(url, imagesUrl)
    const rate = ((await imagesDone(url)) - before) / ((performance.now() - started) / 1000)
    const [idleP50, idleP95] = [quantile(idle), quantile(idle, 0.95)]
    const [p50, p95] = [quantile(busy), quantile(busy, 0.95)]
    return {
      idleP50,
      idleP95,
      p50,
      p95,
      ratioP50: p50 / idleP50,
      ratioP95: p95 / idleP95,
      imagesPerSecond: rate
    }
  })
}

async function servers(transport: Transport, stack: AsyncDisposableStack): Promise<Settings> {
  const settings = {
    DATA_DIR: join(createFolder('fairness'), 'data'),
    ALLOWED_SOURCE_NETWORKS: '127.0.0.1/32'
  }
  if (transport === 'embedded') return settings
  const postgres = stack.use(await startPostgres({ durable: true }))
  const rows = { ...settings, DATABASE_URL: await postgres.createDatabase() }
  if (transport === 'none') return rows
  const { url } = stack.use(await startRabbitmq())
  if (transport === 'classic') await declareClassic(url)
  return { ...rows, RABBITMQ_URL: url, RABBITMQ_IMAGE_QUEUE: QUEUE }
}

/** As the Go service does. */
async function declareClassic(url: string): Promise<void> {
  const connection = await connect(url)
  await (await connection.createChannel()).assertQueue(QUEUE, { durable: true })
  await connection.close()
}

async function withService<T>(settings: Settings, use: (url: string) => Promise<T>): Promise<T> {
  await using service = new Service(settings)
  const result = await use(await service.ready())
  service.child.kill('SIGTERM')
  await service.ended
  return result
}

async function seed({ DATABASE_URL, DATA_DIR = '' }: Settings, imagesUrl: string): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const embedded = DATABASE_URL
    ? null
    : stack.adopt(await startEmbeddedPostgres(DATA_DIR), (server) => server.close())
  const database = new pg.Client(
    embedded
      ? { host: embedded.host, user: 'postgres', database: 'postgres' }
      : { connectionString: DATABASE_URL }
  )
  await database.connect()
  stack.defer(() => database.end())
  const perProduct = Number(options['per-product'])
  await database.query(BACKLOG, [Number(options.images) / perProduct, perProduct, imagesUrl])
  await database.query('ANALYZE')
}

/** Creates products of the other user, one each second. Resolves with each one's milliseconds to done. */
async function timesToDone(url: string, imagesUrl: string): Promise<number[]> {
  const api = `${url}/api/v1`
  const user = await post<{ user_id: number }>(`${api}/users`, { username: `other ${Date.now()}` })
  const times = []
  for (let n = 0; n < WARM_UPS + Number(options.seconds); n++) {
    const [started, second] = [performance.now(), wait(1000)]
    const product = { ...user, product_name: 'Lamp', product_images: [`${imagesUrl}other-${n}`] }
    const { product_id } = await post<{ product_id: number }>(`${api}/products`, product)
    // It ends when no image is pending.
    await (await fetch(`${api}/products/${product_id}/events`)).text()
    if (n >= WARM_UPS) times.push(performance.now() - started)
    await second
  }
  return times
}

async function post<T>(url: string, body: object): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (response.status === 503) {
    await wait(100)
    return post(url, body)
  }
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

async function imagesDone(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^asyncprod_images_total\{outcome="done",code=""\} (\d+)$/m.exec(metrics)?.[1] ?? 0)
}
