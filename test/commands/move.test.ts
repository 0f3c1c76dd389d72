import { randomUUID } from 'node:crypto'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { allProducts, createClient, type Product } from '../../client/src/index.ts'
import { buildTestApp, settled } from '../support/app.ts'
import { asyncprod } from '../support/cli.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedPostgres, sharedS3 } from '../support/servers/shared.ts'
import { dataFolder, type Settings } from '../support/service.ts'

/** `PRODUCTS=1000 node test/commands/move.test.ts` moves a thousand, in about two minutes. */
const PRODUCTS = Number(process.env.PRODUCTS ?? 5)
/** One is deleted. */
const MOVED = PRODUCTS - 1
const OBJECTS = 2 * MOVED

t.setTimeout(1000 * Math.max(PRODUCTS, 60))

const create = (app: FastifyInstance, payload: object, key: string = randomUUID()) =>
  app.inject({ method: 'POST', url: '/api/v1/products', payload, headers: { 'idempotency-key': key } })

/** A folder with products, one of them deleted, and what belongs to them. */
async function filledFolder(t: Test): Promise<{ DATA_DIR: string; products: object[]; key: string }> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const DATA_DIR = await dataFolder()
  const RENDITIONS = 'thumb:64x64,format=webp'
  const app = await buildTestApp(t, { DATA_DIR, RENDITIONS, ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  const key = randomUUID()
  for (let n = 1; n <= PRODUCTS; n++) {
    origin.on(`/${n}.jpg`, respond(await labelled(n)))
    const product_images = [`${origin.url}/${n}.jpg`, `${origin.url}/gone.jpg`]
    const metadata = { z: n, a: [1.5, null, 'ä'] }
    const product = { user_id: 1, product_name: `Lamp ${n}`, product_price: 0.1, external_id: `sku-${n}` }
    await create(app, { ...product, product_images, metadata }, n === 1 ? key : undefined)
    await settled(app, n)
  }
  await app.inject({ method: 'DELETE', url: `/api/v1/products/${PRODUCTS}` })
  await app.inject({ method: 'POST', url: '/api/v1/uploads', payload: { bytes: 7 } })
  const products = (await app.inject('/api/v1/products')).json()
  await app.close()
  return { DATA_DIR, products, key }
}

/** A database and a bucket that nobody has used. */
async function ownServers(t: Test): Promise<Settings> {
  const [postgres, s3] = await Promise.all([sharedPostgres(t), sharedS3(t)])
  const bucket = await s3.createBucket()
  return {
    DATABASE_URL: await postgres.createDatabase(),
    AWS_BUCKET_NAME: bucket,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ACCESS_KEY: s3.accessKeyId,
    AWS_SECRET_KEY: s3.secretAccessKey,
    PUBLIC_BASE_URL: s3.publicUrl(bucket)
  }
}

const withoutUrls = (products: object[]) =>
  JSON.parse(JSON.stringify(products), (name, value) =>
    ['url', 'compressed_product_images'].includes(name) ? undefined : value
  )

t.test('a folder moves to servers', needsServices, async (t) => {
  const { DATA_DIR, products, key } = await filledFolder(t)
  const copy = await dataFolder()
  await cp(DATA_DIR, copy, { recursive: true, force: true })
  const servers = await ownServers(t)
  const settings: Settings = { ...servers, DATA_DIR }
  const move = (variables: Settings = {}) => asyncprod(['move'], { ...settings, ...variables })

  await t.test('with everything in it', async (t) => {
    const { code, stdout, stderr } = await move()
    t.equal(code, 0, stderr)
    const lines = stdout.replace(/\(\d+ bytes\)/, '(… bytes)').split('\n')
    const rows = {
      users: 1,
      products: MOVED,
      product_images: OBJECTS,
      idempotency_keys: PRODUCTS,
      uploads: 1
    }
    const expected = [
      `Objects: ${OBJECTS} (… bytes), each read back and the same; ${OBJECTS} were not there yet`,
      ...Object.entries(rows).map(([table, n]) => `Rows of ${table}: ${n}, the same on both sides`),
      'Moved. Start the service with these settings.'
    ]
    t.strictSame(
      expected.filter((start) => !lines.some((line) => line.startsWith(start))),
      []
    )
  })

  await t.test('and may be moved again', async (t) => {
    const { code, stdout } = await move()
    t.equal(code, 0)
    t.match(stdout, /each read back and the same; 0 were not there yet\n/)
    t.match(stdout, /Everything had been moved before\.\n$/)
  })

  await t.test('where what the folder had lost is named', async (t) => {
    const other = await ownServers(t)
    const DATA_DIR = await dataFolder()
    await cp(copy, DATA_DIR, { recursive: true, force: true })
    await rm(join(DATA_DIR, 'objects/products/2'), { recursive: true })
    const { code, stdout, stderr } = await move({ ...other, DATA_DIR })
    t.equal(code, 1)
    t.match(stdout, /^Moved\./m)
    t.match(stderr, /^Lost: the result products\/2\/.*\.jpg of product 2$/m)
    t.match(stderr, /^Lost objects: 2\. /m)
  })

  await t.test('where clients find what they had, and ids go on', async (t) => {
    const app = await buildTestApp(t, settings)
    const client = createClient({ baseUrl: await app.listen({ host: '127.0.0.1', port: 0 }) })
    const now: Product[] = []
    for await (const product of allProducts({}, { client })) now.push(product)
    t.strictSame(withoutUrls(now), withoutUrls(products))
    const urls = now.flatMap((product) => product.compressed_product_images)
    t.ok(urls.every((url) => url.startsWith(`${settings.PUBLIC_BASE_URL}/products/`)))
    const { rows } = await app.pg.pool.query(
      'SELECT unnest(compressed_product_images) AS url FROM products ORDER BY id DESC'
    )
    t.strictSame(
      rows.map(({ url }) => url),
      urls,
      'the Go service reads the same'
    )
    t.same(
      (await Promise.all(urls.map((url) => fetch(url)))).map(({ status }) => status),
      urls.map(() => 200)
    )
    const again = await create(app, { user_id: 1, product_name: 'New' })
    t.strictSame(again.json(), { product_id: PRODUCTS + 1 })
    const reused = await create(app, { user_id: 1, product_name: 'Another' }, key)
    t.match(reused, { statusCode: 422 }, 'keys of requests are still known')
  })

  await t.test('but not into a database with other products', async (t) => {
    const app = await buildTestApp(t, settings)
    await app.pg.pool.query(`UPDATE users SET username = 'changed since'`)
    const { code, stderr } = await move({ DATA_DIR: copy })
    t.equal(code, 1)
    const differences = [
      'users has other content in as many rows',
      `products has ${PRODUCTS} rows, not ${MOVED}`,
      `idempotency_keys has ${PRODUCTS + 1} rows, not ${PRODUCTS}`
    ].join(', ')
    t.match(stderr, `The database holds other rows already: ${differences}. If the service has run there `)
    t.match(stderr, /nothing is left to move\. Otherwise move to an empty database\.$/m)
  })
})

t.test('move needs a database to move to, and a folder to move', async (t) => {
  t.match(await asyncprod(['move'], { DATA_DIR: await dataFolder() }), {
    code: 1,
    stderr: /Set DATABASE_URL/
  })
  const DATABASE_URL = 'postgres://localhost:1/none'
  t.match(await asyncprod(['move'], { DATABASE_URL }), { code: 1, stderr: /There is no database in .*data/ })
})
