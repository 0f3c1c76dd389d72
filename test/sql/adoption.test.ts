import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { GO_TABLES, GoService, goKey, goUrl } from '../support/go-service.ts'
import { startOrigin } from '../support/http/origin.ts'
import { documented } from '../support/openapi-conformance.ts'
import { photo } from '../support/pictures/pictures.ts'
import { PLACES } from '../support/places.ts'

const origin = await startOrigin()
t.teardown(() => origin.stop())
const picture = await photo({ width: 64, height: 48 })
for (const path of ['/one.jpg', '/two.png', '/a/photo.jpg', '/b/photo.jpg', '/new.jpg', '/newer.jpg']) {
  origin.serve(path, picture)
}
const url = (path: string) => origin.url + path

const VARIABLES = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8', PUBLIC_BASE_URL: 'https://cdn.example' }

const list = (urls: string[] | null) => (urls ? `ARRAY[${urls.map((url) => `'${url}'`)}]::text[]` : 'NULL')

const resultOf = (id: number, name: string) => goUrl(goKey(id, name))

/** Products 1 to 7 of user 2, as the Go service has left them. */
const ROWS: [name: string, images: string[] | null, results: string[] | null][] = [
  ['complete', ['/one.jpg', '/two.png'], [resultOf(1, 'one.jpg'), resultOf(1, 'two.png')]],
  ['partial', ['/one.jpg', '/two.png'], [resultOf(2, 'two.png')]],
  ['ambiguous', ['/a/photo.jpg', '/b/photo.jpg'], [resultOf(3, 'photo.jpg')]],
  ['not begun', ['/one.jpg'], null],
  ['empty lists', [], []],
  ['no lists', null, null],
  [
    'twice',
    ['/one.jpg', '/two.png', '/one.jpg'],
    ['one.jpg', 'two.png', 'one.jpg'].map((name) => resultOf(7, name))
  ]
]

const [complete = [], partial = [], , , , , twice = []] = ROWS.map(([, , results]) => results ?? [])

const CONTENT = [
  `INSERT INTO users (username) VALUES ('ada'), ('bob')`,
  ...ROWS.map(
    ([name, images, results]) =>
      `INSERT INTO products
        (user_id, product_name, product_description, product_price, product_images, compressed_product_images)
       VALUES (2, '${name}', 'Old.', 9.99, ${list(images?.map(url) ?? null)}, ${list(results)})`
  ),
  `UPDATE products SET product_description = NULL, created_at = NULL, updated_at = NULL WHERE product_name = 'no lists'`
].join(';\n')

for (const { place, options, create } of PLACES) {
  // An embedded database takes seconds to start, and the SQL is the same: one form of the tables is enough.
  const forms = Object.entries(GO_TABLES).slice(0, place === 'embedded' ? 1 : undefined)
  for (const [form, tables] of forms) {
    t.test(`the Go service’s database (${place}, ${form}) is adopted in place`, options, async (t) => {
      const database = await create(t)
      await database.prepare(`${tables};\n${CONTENT}`)
      const app = await buildTestApp(t, { ...VARIABLES, ...database.variables })
      await t.test('its products are served with their images', (t) => testProducts(t, app))
      await t.test('its users are there, and no others', (t) => testUsers(t, app))
      await t.test('the Go service goes on writing beside us', (t) => testForeignWrites(t, app))
      await t.test('products are created, changed and deleted as ever', (t) => testOwnWrites(t, app))
    })
  }
}

async function testProducts(t: Test, app: FastifyInstance) {
  const call = await documented(app)
  const read = async (id: number) => (await call({ url: `/api/v1/products/${id}` })).json()
  for (let id = 1; id <= ROWS.length; id++) await settled(app, id)

  const first = await read(1)
  const adopted = {
    ...{ width: null, height: null, source_bytes: null, bytes: null, renditions: {}, placeholder: null },
    ...{ attempts: 0, error: null }
  }
  t.strictSame(first, {
    id: 1,
    user_id: 2,
    external_id: null,
    product_name: 'complete',
    product_description: 'Old.',
    product_price: 9.99,
    product_images: [url('/one.jpg'), url('/two.png')],
    metadata: {},
    compressed_product_images: complete,
    created_at: first.created_at,
    updated_at: first.updated_at,
    image_status: 'done',
    images: [
      { id: first.images[0].id, source_url: url('/one.jpg'), status: 'done', url: complete[0], ...adopted },
      { id: first.images[1].id, source_url: url('/two.png'), status: 'done', url: complete[1], ...adopted }
    ]
  })

  const second = await read(2)
  t.equal(second.image_status, 'done')
  t.match(second.images, [
    {
      source_url: url('/one.jpg'),
      url: /^https:\/\/cdn\.example\/products\/2\/.+\.jpg$/,
      width: 64,
      attempts: 1
    },
    { source_url: url('/two.png'), url: partial[0], width: null, attempts: 0 }
  ])

  const ambiguous = await read(3)
  t.equal(ambiguous.image_status, 'done')
  for (const image of ambiguous.images) t.match(image.url, /^https:\/\/cdn\.example\/products\/3\//)

  t.match(await read(4), { image_status: 'done', images: [{ width: 64, attempts: 1 }] })
  for (const id of [5, 6]) {
    t.match(await read(id), {
      image_status: 'none',
      product_images: [],
      compressed_product_images: [],
      images: []
    })
  }
  t.match(await read(6), { product_description: '', created_at: /^2/, updated_at: /^2/ })
  const [one, , again] = (await read(7)).images
  t.match(one, { url: twice[0] })
  t.strictSame(again, one)

  const listed = (await call({ url: '/api/v1/products?user_id=2' })).json()
  t.strictSame(listed.map(({ id }: { id: number }) => id).sort(), [1, 2, 3, 4, 5, 6, 7])
}

async function testUsers(t: Test, app: FastifyInstance) {
  const call = await documented(app)
  t.strictSame((await call({ url: '/api/v1/users/1' })).json(), { user_id: 1, username: 'ada' })
  t.strictSame((await call({ url: '/api/v1/users/2' })).json(), { user_id: 2, username: 'bob' })
  t.equal((await call({ url: '/api/v1/users/3' })).statusCode, 404)
  const created = await call({ method: 'POST', url: '/api/v1/users', payload: { username: 'eve' } })
  t.strictSame(created.json(), { user_id: 3 })
}

async function testForeignWrites(t: Test, app: FastifyInstance) {
  const go = new GoService(app.pg.pool)
  const read = async (id: number) => (await app.inject(`/api/v1/products/${id}`)).json()
  const id = await go.create([url('/new.jpg')])
  t.match(
    await read(id),
    { image_status: 'pending', images: [{ status: 'pending' }] },
    'its images are seen at once'
  )
  app.outbox.poke()
  await settled(app, id)
  const inserted = await read(id)
  t.match(inserted, { product_name: 'Theirs', image_status: 'done', images: [{ width: 64 }] })

  await go.replace(id, [url('/newer.jpg'), url('/new.jpg')])
  app.outbox.poke()
  await settled(app, id)
  await app.cache.invalidate(id)
  const updated = await read(id)
  t.strictSame(updated.images[1], inserted.images[0])
  t.match(updated.images[0], { source_url: url('/newer.jpg'), status: 'done', width: 64 })

  await go.writeBack(id, [goUrl(goKey(id, 'newer.jpg'))])
  await app.pg.query('DELETE FROM products WHERE id = $1', [id])
  const { rows: left } = await app.pg.query('SELECT FROM product_images WHERE product_id = $1', [id])
  t.strictSame(left, [])
}

async function testOwnWrites(t: Test, app: FastifyInstance) {
  const call = await documented(app)
  const fields = { user_id: 2, product_name: 'own', product_price: 1, external_id: 'own', metadata: { a: 1 } }
  const created = await call({ method: 'POST', url: '/api/v1/products', payload: fields })
  t.equal(created.statusCode, 201)
  t.ok(created.json().product_id > ROWS.length)
  const unknown = await call({ method: 'POST', url: '/api/v1/products', payload: { ...fields, user_id: 99 } })
  t.equal(unknown.statusCode, 422)
  const replacement = { ...fields, external_id: 'other' }
  t.equal((await call({ method: 'PUT', url: '/api/v1/products/1', payload: replacement })).statusCode, 200)
  t.equal((await call({ method: 'DELETE', url: '/api/v1/products/2' })).statusCode, 204)
  const { product_id } = created.json()
  const taken = await call({ method: 'POST', url: '/api/v1/products', payload: fields })
  t.equal(taken.statusCode, 409)
  await app.pg.query('UPDATE products SET user_id = 1 WHERE id = $1', [product_id])
  await new GoService(app.pg.pool).replace(product_id, [])
  await app.cache.invalidate(product_id)
  t.match((await call({ url: `/api/v1/products/${product_id}` })).json(), {
    product_name: 'Theirs, changed',
    external_id: 'own',
    metadata: { a: 1 }
  })
}
