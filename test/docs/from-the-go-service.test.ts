import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { loadConfig } from '../../lib/config/config.ts'
import { migrate } from '../../lib/database/migrate.ts'
import { buildTestApp, settled } from '../support/app.ts'
import { embeddedDatabase } from '../support/database.ts'
import { GoService, goKey, goUrl } from '../support/go-service.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { documented } from '../support/openapi-conformance.ts'
import { photo } from '../support/pictures/pictures.ts'

const app = await buildTestApp(t)
const call = await documented(app)

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
const post = (body: object | string, type = 'application/json') =>
  app.inject({
    method: 'POST',
    url: '/api/v1/products',
    headers: { 'content-type': type },
    payload: typeof body === 'string' ? body : JSON.stringify(body)
  })
const detailOf = async (body: object) => (await post(body)).json().errors

t.test('requests of clients of the Go service are accepted', async (t) => {
  const bodies = [
    { user_id: 1, product_name: 'no price' },
    {
      user_id: 1,
      product_name: 'null',
      product_description: null,
      product_price: null,
      product_images: null
    },
    { ...LAMP, color: 'an unknown field' },
    { ...LAMP, product_price: 0.1 + 0.2 }
  ]
  for (const body of bodies) t.equal((await post(body)).statusCode, 201, JSON.stringify(body))
  for (const url of ['/api/v1/products/', '/api/v1/products?user_id=&min_price=&max_price=&product_name=']) {
    t.equal((await call({ url })).statusCode, 200, url)
  }
})

t.test('requests that the page says are refused are refused, with its status', async (t) => {
  t.strictSame(await detailOf({ user_id: 1, Product_Name: 'Desk lamp', product_price: 1 }), [
    { pointer: '/product_name', detail: 'is required' }
  ])
  t.strictSame(await detailOf({ ...LAMP, product_price: 1.005 }), [
    { pointer: '/product_price', detail: 'must be a multiple of 0.01' }
  ])
  const refused: [object | string, status: number, code: string][] = [
    [{ ...LAMP, product_price: '100.5' }, 400, 'invalid_request'],
    [{ ...LAMP, product_price: -1 }, 400, 'invalid_request'],
    [{ ...LAMP, product_name: '' }, 400, 'invalid_request'],
    [{ ...LAMP, product_name: 'x'.repeat(256) }, 400, 'invalid_request'],
    [{ ...LAMP, product_description: 'x'.repeat(100_001) }, 400, 'invalid_request'],
    ['{', 400, 'malformed_request'],
    [{ ...LAMP, user_id: 4711 }, 422, 'unknown_user'],
    [{ ...LAMP, product_images: ['http://127.0.0.1/a.jpg'] }, 422, 'invalid_input'],
    [{ ...LAMP, product_images: ['ftp://a.example/a.jpg'] }, 422, 'invalid_input'],
    [{ ...LAMP, product_images: ['https://a.example:8443/a.jpg'] }, 422, 'invalid_input'],
    [
      { ...LAMP, product_images: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`) },
      422,
      'invalid_input'
    ]
  ]
  for (const [body, status, code] of refused) {
    const reply = await post(body)
    t.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8')
    t.match(reply.json(), { status, code, error: reply.json().detail })
  }
  t.equal((await post(JSON.stringify(LAMP), 'text/plain')).statusCode, 415)
  t.equal((await call({ url: '/api/v1/products?min_price=cheap' })).statusCode, 400)
})

t.test('a product has empty lists instead of null, and its times are in milliseconds', async (t) => {
  const { product_id } = (await post(LAMP)).json()
  const product = (await call({ url: `/api/v1/products/${product_id}` })).json()
  t.strictSame(
    [product.product_description, product.product_images, product.compressed_product_images],
    ['', [], []]
  )
  for (const time of [product.created_at, product.updated_at]) {
    t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
})

t.test('a PNG becomes a JPEG, named after its image and its bytes', async (t) => {
  const png = await photo({ width: 64, height: 64, format: 'png' })
  const origin = await startOrigin({ handler: respond(png, { type: 'image/png' }) })
  t.teardown(() => origin.stop())
  const app = await buildTestApp(t, { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  const payload = { ...LAMP, product_images: [`${origin.url}/lamp.png`] }
  const { product_id } = (await app.inject({ method: 'POST', url: '/api/v1/products', payload })).json()
  const [image] = (await settled(app, product_id)).images
  const { pathname } = new URL(image?.url ?? '')
  const object = (await app.inject(pathname)).rawPayload
  const digest = hash('sha256', object, 'hex').slice(0, 12)
  t.equal(pathname, `/media/products/${product_id}/${image?.id}-1-${digest}.jpg`)
  t.same([...object.subarray(0, 3)], [0xff, 0xd8, 0xff])
})

t.test('it listens on 127.0.0.1 unless HOST says otherwise', async (t) => {
  t.equal(loadConfig({}).server.host, '127.0.0.1')
  t.equal(loadConfig({ HOST: '0.0.0.0' }).server.host, '0.0.0.0')
})

t.test('wildcards in a name stand for themselves', async (t) => {
  await post({ ...LAMP, product_name: '100% wool' })
  const { body } = await call({ url: '/api/v1/products?product_name=00%25%20w' })
  t.match(JSON.parse(body), [{ product_name: '100% wool' }])
  t.strictSame((await call({ url: '/api/v1/products?product_name=desk%25lamp' })).json(), [])
})

t.test('an empty id is no id', async (t) => {
  t.type((await call({ url: '/api/v1/products/' })).json(), Array)
  for (const [method, url] of [
    ['DELETE', '/api/v1/products/'],
    ['GET', '/api/v1/users/']
  ] as const) {
    t.match((await app.inject({ method, url })).json(), { status: 404, code: 'not_found' })
  }
  t.equal((await app.inject({ method: 'POST', url: '/api/v1/products//reprocess' })).statusCode, 400)
  t.equal((await app.inject('/api/v1/products//events')).statusCode, 400)
})

t.test(
  'the statements that remove what is not the Go service’s leave it working, and can be undone',
  async (t) => {
    const page = await readFile(new URL('../../docs/from-the-go-service.md', import.meta.url), 'utf8')
    const [, statements = ''] = /```sql\n(.*?)```/s.exec(page) ?? []
    const { pool } = await embeddedDatabase(t)
    await pool.query(statements)
    const go = new GoService(pool)
    const source = 'http://a.test/a.jpg'
    const id = await go.create([source])
    const result = goUrl(goKey(id, source))
    await go.writeBack(id, [result])
    const client = await pool.connect()
    await migrate(client).finally(() => client.release())
    const { rows } = await pool.query('SELECT status, url FROM product_images WHERE product_id = $1', [id])
    t.strictSame(rows, [{ status: 'done', url: result }])
  }
)
