import { Resolver } from 'node:dns/promises'
import { mock } from 'node:test'
import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { respond, silence, startOrigin } from '../support/http/origin.ts'
import { photo } from '../support/pictures/pictures.ts'

const [TARPIT, SHOP] = ['127.0.0.1', '127.1.0.1']

mock.method(Resolver.prototype, 'resolve4', async (name: string) => [name === 'shop.test' ? SHOP : TARPIT])
mock.method(Resolver.prototype, 'resolve6', async () => [])

/** 500 products of 20 images each at a port of $1 names. */
const BACKLOG = `WITH product AS (
  INSERT INTO products (user_id, product_name, product_price, product_images, version)
  SELECT 1, 'Lamp', 1, ARRAY(
    SELECT format('http://tar%s.test:%s/%s-%s', (n + i) % $1::integer, $2::integer, n, i)
    FROM generate_series(1, 20) AS i
  ), 1 FROM generate_series(1, 500) AS n RETURNING id, product_images
), image AS (
  INSERT INTO product_images (product_id, source_url) SELECT id, unnest(product_images) FROM product
)
INSERT INTO outbox (kind, user_id, product_id) SELECT 'images', 1, id FROM product`

for (const names of [50, 2]) {
  t.test(`a tarpit of 10,000 images under ${names} names keeps no other user waiting`, async (t) => {
    const picture = respond(await photo({ width: 64, height: 64 }))
    await using tarpit = await startOrigin({ address: TARPIT, handler: silence() })
    await using shop = await startOrigin({ address: SHOP, handler: picture })
    const app = await buildTestApp(t, {
      ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
      DOWNLOAD_TIMEOUT_MS: '600000',
      JOB_TIMEOUT_MS: '600000'
    })
    const other = await app.users.create(`other of ${names}`)
    const reached = tarpit.requested('/1-1')
    await app.pg.query(BACKLOG, [names, new URL(tarpit.url).port])
    app.outbox.poke()
    await reached
    const id = await app.products.create({
      user_id: other,
      product_name: 'Lamp',
      product_price: 1,
      product_images: [`http://shop.test:${new URL(shop.url).port}/lamp`]
    })

    t.match((await settled(app, id)).images, [{ status: 'done', attempts: 1 }])
    const { rows } = await app.pg.query(
      `SELECT count(*)::integer AS images FROM product_images WHERE status = 'pending' AND attempts = 0`
    )
    t.same(rows, [{ images: 10_000 }], 'no download from the tarpit has ended')
    await app.close()
  })
}
