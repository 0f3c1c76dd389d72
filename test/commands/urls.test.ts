import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { asyncprod } from '../support/cli.ts'
import { openEvents } from '../support/event-stream.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { dataFolder } from '../support/service.ts'

const THEIRS = 'https://go.example/products/2/theirs.jpg_1700000000000000000.jpg'

t.test('URLs follow from the settings of the day on which they are read', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/a.jpg', respond(await labelled(1)))
  const settings = { DATA_DIR: await dataFolder(), ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
  const product_images = [`${origin.url}/a.jpg`]

  const before = await buildTestApp(t, { ...settings, PORT: '8081' })
  const id = await before.products.create({ user_id: 1, product_name: 'Lamp', product_images })
  const record = await settled(before, id)
  const [key] = record.images.map(({ object_key }) => object_key)
  const url = `/api/v1/products/${id}`
  const first = await before.inject(url)
  t.strictSame(first.json().compressed_product_images, [`http://127.0.0.1:8081/media/${key}`])
  await before.pg.pool.query(
    `INSERT INTO products (user_id, product_name, product_price, product_images, compressed_product_images)
     VALUES (1, 'Theirs', 1, '{https://shop.example/theirs.jpg}', ARRAY[$1])`,
    [THEIRS]
  )
  await before.close()

  const variables = { ...settings, PUBLIC_BASE_URL: 'https://cdn.example/pictures/' }
  const after = await buildTestApp(t, variables)
  const ours = `https://cdn.example/pictures/${key}`
  const shown = { compressed_product_images: [ours], images: [{ url: ours }] }
  const read = await after.inject({ url, headers: { 'if-none-match': String(first.headers.etag) } })
  t.match(read, { statusCode: 200 }, 'a client with yesterday’s URLs gets today’s')
  t.match(read.json(), shown)
  const list = await after.inject('/api/v1/products')
  t.match(list.json(), [{ compressed_product_images: [THEIRS], images: [{ url: THEIRS }] }, shown])
  await after.listen()
  const stream = await openEvents(after, url)
  t.match((await stream.next())?.product, shown)

  const payload = { ...record, product_name: 'Lamp, renamed' }
  t.match(await after.inject({ method: 'PUT', url, payload }), { statusCode: 200 })
  const stored = async () =>
    (await after.pg.pool.query('SELECT compressed_product_images AS urls FROM products ORDER BY id')).rows
  t.strictSame(await stored(), [{ urls: [ours] }, { urls: [THEIRS] }], 'a change stores today’s URLs')
  await after.close()

  const moved = { ...settings, PUBLIC_BASE_URL: 'https://other.example' }
  const refresh = () => asyncprod(['urls', 'refresh'], moved)
  t.match(await refresh(), { code: 0, stdout: 'Products whose stored URLs were refreshed: 1\n' })
  t.match(await refresh(), { code: 0, stdout: 'Products whose stored URLs were refreshed: 0\n' })
  const last = await buildTestApp(t, moved)
  const { rows } = await last.pg.pool.query(
    `SELECT p.compressed_product_images AS urls, array_agg(i.url) AS image_urls
     FROM products p JOIN product_images i ON i.product_id = p.id GROUP BY p.id ORDER BY p.id`
  )
  const today = `https://other.example/${key}`
  t.strictSame(rows, [
    { urls: [today], image_urls: [today] },
    { urls: [THEIRS], image_urls: [THEIRS] }
  ])
})

t.test('another action than refresh is refused with the usage', async (t) => {
  t.match(await asyncprod(['urls']), { code: 2, stderr: /asyncprod urls refresh/ })
})
