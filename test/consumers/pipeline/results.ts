import sharp from 'sharp'
import type { Test } from 'tap'
import { settled } from '../../support/app.ts'
import { readLabel } from '../../support/pictures/pictures.ts'
import {
  create,
  held,
  keys,
  keysOf,
  pathOf,
  picture,
  quiet,
  type Scene,
  show,
  until,
  untilLateKeys
} from './scene.ts'

/** What becomes of images that can be made. */
export function results(t: Test, { app, read, origin, place }: Scene): void {
  t.test('every image of a product is made, in the order of its sources', async (t) => {
    const urls = [place(await picture(11)), place(await picture(12)), place(await picture(13))]
    const id = await create(app, urls)
    await settled(app, id)
    const product = await show(app, id)
    t.equal(product.image_status, 'done')
    t.same(
      product.compressed_product_images,
      product.images.map(({ url }: { url: string }) => url)
    )
    for (const [index, image] of product.images.entries()) {
      const bytes = await read(image.url)
      const { format, width, height } = await sharp(bytes).metadata()
      t.match(image, {
        source_url: urls[index],
        status: 'done',
        attempts: 1,
        error: null,
        bytes: bytes.length,
        width,
        height
      })
      t.same(
        { format, width, height, label: await readLabel(bytes) },
        { format: 'jpeg', width: 771, height: 600, label: 11 + index }
      )
    }
    await quiet(app, id)
  })

  t.test('failed images are made again when asked for', async (t) => {
    const url = `${origin.url}/repaired`
    const good = place(await picture(71))
    const id = await create(app, [url, good])
    await settled(app, id)
    origin.on('/repaired', await picture(72))
    const { statusCode } = await app.inject({ method: 'POST', url: `/api/v1/products/${id}/reprocess` })
    t.equal(statusCode, 202)
    const record = await settled(app, id)
    t.match(
      record.images.map(({ status, attempts }) => ({ status, attempts })),
      [
        { status: 'done', attempts: 1 },
        { status: 'done', attempts: 1 }
      ]
    )
    t.equal(origin.count(pathOf(good)), 1)
  })

  t.test('all images are made again when asked for, at new URLs', async (t) => {
    const id = await create(app, [place(await picture(81))])
    const before = await settled(app, id)
    await app.inject({ method: 'POST', url: `/api/v1/products/${id}/reprocess?all=true` })
    const after = await settled(app, id)
    t.not(after.images[0]?.url, before.images[0]?.url)
    t.same(await keys(app, id), [...keysOf(before), ...keysOf(after)].sort())
    await untilLateKeys(app, id, keysOf(after))
  })

  t.test('all images are made again when asked for while they are being made', async (t) => {
    const first = held(await picture(82))
    const url = place(first.handle)
    const id = await create(app, [url])
    await origin.requested(pathOf(url))
    origin.on(pathOf(url), await picture(83))
    await app.inject({ method: 'POST', url: `/api/v1/products/${id}/reprocess?all=true` })
    const after = await settled(app, id)
    first.letGo()
    t.equal(await readLabel(await read(after.images[0]?.url ?? '')), 83)
    await quiet(app, id)
    await untilLateKeys(app, id, keysOf(after))
  })

  t.test('images of a product that the Go service wrote are made', async (t) => {
    const url = place(await picture(95))
    const { rows } = await app.pg.query<{ id: number }>(
      `INSERT INTO products (user_id, product_name, product_description, product_price, product_images)
       VALUES (1, 'Theirs', '', 5, ARRAY[$1]) RETURNING id`,
      [url]
    )
    const id = rows[0]?.id ?? 0
    app.outbox.poke()
    const record = await until(app, id, ({ images }) => images[0]?.status === 'done')
    const compressed = await app.pg.query(
      'SELECT compressed_product_images AS urls FROM products WHERE id = $1',
      [id]
    )
    t.same(compressed.rows, [{ urls: [record.images[0]?.url] }])
  })
}
