import type { Test } from 'tap'
import { settled } from '../../support/app.ts'
import { flood, type Handler, redirect, reset, respond, silence } from '../../support/http/origin.ts'
import { labelled } from '../../support/pictures/pictures.ts'
import { create, hint, keys, pathOf, picture, quiet, type Scene, show, small, until } from './scene.ts'

/** What becomes of images that cannot be made. */
export async function failures(t: Test, { app, open, origin, place }: Scene): Promise<void> {
  t.test('an image that fails is left out of the results, and says why', async (t) => {
    const good = place(await picture(21))
    const id = await create(app, [`${origin.url}/not-there`, good])
    await settled(app, id)
    const { image_status, compressed_product_images, images } = await show(app, id)
    t.equal(image_status, 'partial')
    t.same(compressed_product_images, [images[1].url])
    t.same(images[0].error, { code: 'http_status', detail: 'The server responded with 404 Not Found.' })
  })

  const jpeg = await labelled(1, small)
  const failures: [code: string, attempts: number, handler: Handler][] = [
    ['blocked_address', 1, redirect('http://10.0.0.1/secret.jpg')],
    ['unreachable', 3, reset()],
    ['http_status', 1, respond('gone', { status: 410 })],
    ['http_status', 3, respond('sorry', { status: 500 })],
    ['too_large', 1, flood()],
    ['unsupported_format', 1, respond('<svg xmlns="http://www.w3.org/2000/svg"/>', { type: 'image/jpeg' })],
    ['corrupt_image', 1, respond(jpeg.subarray(0, jpeg.length / 2))],
    ['too_many_pixels', 1, respond(await labelled(1, { width: 1200, height: 900 }))]
  ]
  for (const [code, attempts, handler] of failures) {
    t.test(`an image fails with ${code} after ${attempts} attempts`, async (t) => {
      const url = place(handler)
      const id = await create(app, [url])
      await settled(app, id)
      const { image_status, images } = await show(app, id)
      t.match(images, [{ status: 'failed', attempts, url: null, error: { code, detail: /\w+/ } }])
      t.equal(image_status, 'failed')
      t.equal(origin.count(pathOf(url)), attempts)
      t.same(await keys(app, id), [])
      await quiet(app, id)
    })
  }

  t.test('an origin that recovers is tried again until it does', async (t) => {
    let requests = 0
    const good = await picture(31)
    const sorry = respond('sorry', { status: 503 })
    const url = place((request, response) => (++requests < 3 ? sorry : good)(request, response))
    const id = await create(app, [url])
    await settled(app, id)
    t.match((await show(app, id)).images, [{ status: 'done', attempts: 3, error: null }])
  })

  t.test('Retry-After is honoured, and the wait can be seen', async (t) => {
    const url = place(respond('later', { status: 429, headers: { 'retry-after': '1800' } }))
    const id = await create(app, [url])
    await until(app, id, ({ images }) => images[0]?.attempts === 1)
    const { rows } = await app.pg.query(
      `SELECT due_at > now() + interval '29 min' AND due_at <= now() + interval '30 min' AS in_time FROM outbox
       WHERE product_id = $1 AND due_at > now() + interval '1 min'`,
      [id]
    )
    t.same(rows, [{ in_time: true }])
    t.match(await show(app, id), { image_status: 'pending', images: [{ error: { code: 'http_status' } }] })

    // A hint before its time changes nothing.
    await hint(app, id, 5)
    await quiet(app, id)
    t.equal(origin.count(pathOf(url)), 1)
    t.match((await show(app, id)).images, [{ attempts: 1 }])
  })

  t.test('an image that cannot be stored stays pending, says why, and costs no attempts', async (t) => {
    const { app, breakStorage } = await open(t, { MAX_ATTEMPTS: '1' })
    await breakStorage()
    const id = await create(app, [place(await picture(96))])
    await until(app, id, ({ images }) => images[0]?.error_code === 'storage')
    t.match((await show(app, id)).images, [{ status: 'pending', attempts: 0, error: { code: 'storage' } }])
  })

  t.test('an origin that never responds is a timeout', async (t) => {
    const { app } = await open(t, { DOWNLOAD_TIMEOUT_MS: '200', MAX_ATTEMPTS: '2' })
    const id = await create(app, [place(silence())])
    await settled(app, id)
    t.match((await show(app, id)).images, [{ status: 'failed', attempts: 2, error: { code: 'timeout' } }])
  })
}
