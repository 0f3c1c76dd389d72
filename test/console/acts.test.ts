import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { Page } from '../support/browser.ts'
import { respond, silence, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { findChromium } from '../support/servers/chromium.ts'

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.setTimeout(300_000)

t.test('images are acted on, one or all that match, after their number is shown', { skip }, async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const app = await buildTestApp(t, { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const product_images = ['a', 'b'].map((name) => `${origin.url}/${name}.jpg`)
  const id = await app.products.create({ user_id: 1, product_name: 'Lamp', product_images })
  const statuses = async () => (await settled(app, id)).images.map(({ status }) => status)
  t.strictSame(await statuses(), ['failed', 'failed'])
  const page = await Page.open(t, chromium ?? '')

  await t.test('all that match', async (t) => {
    const picture = await labelled(1)
    for (const name of ['a', 'b']) origin.on(`/${name}.jpg`, respond(picture))
    await page.visit(`${url}/console#/images?code=http_status`)
    await page.click('Act on all that match')
    await page.shows('2 images will change.')
    await page.click('Retry: 2 images')
    await page.shows('2 images are due again')
    t.strictSame(await statuses(), ['done', 'done'])
    await page.shows('No image matches.')
    await page.shows('0 images match')
    await page.until(`document.querySelector('.title button').disabled`)
    await page.click('Close')
  })

  await t.test('one image', async (t) => {
    await page.click('Clear')
    await page.click('b.jpg')
    await page.click('Fetch again')
    await page.click('Fetch again: 1 image')
    await page.shows('1 image is due to be fetched again')
    await page.click('Close')
    t.strictSame(await statuses(), ['done', 'done'])
    t.equal(origin.count('/b.jpg'), 3)
    await page.click('Make again')
    await page.click('Make again: 1 image')
    await page.shows('1 image is due to be made again')
    await page.click('Close')
    t.strictSame(await statuses(), ['done', 'done'])
  })

  await t.test('an action is cancelled', async (t) => {
    await app.inject({ method: 'PUT', url: '/api/v1/admin/intake', payload: { paused: true } })
    await page.evaluate(`location.hash = '#/images?status=done'`)
    await page.click('Act on all that match')
    await page.until(`document.querySelector('[value=delete-results]')`)
    await page.evaluate(`document.querySelector('[value=delete-results]').click()`)
    await page.click('Delete results: 2 images')
    await page.shows('Deleting the results of 2 images')
    await page.click('Cancel')
    await page.shows('Cancelled: 0 images are without results now')
    t.strictSame(await statuses(), ['done', 'done'])
    await page.click('Close')
  })

  await t.test('results are deleted', async (t) => {
    await app.inject({ method: 'PUT', url: '/api/v1/admin/intake', payload: { paused: false } })
    const { images } = await settled(app, id)
    await page.click('Act on all that match')
    await page.until(`document.querySelector('[value=delete-results]')`)
    await page.evaluate(`document.querySelector('[value=delete-results]').click()`)
    await page.click('Delete results: 2 images')
    await page.shows('2 images are without results now')
    await page.click('Close')
    await page.shows('No image matches.')
    t.match((await app.inject(`/api/v1/products/${id}`)).json(), {
      compressed_product_images: [],
      images: images.map(({ id }) => ({ id, status: 'failed', url: null, error: { code: 'withdrawn' } }))
    })
  })

  await t.test('more than can be counted in time', async (t) => {
    await page.evaluate(`location.hash = '#/images?status=failed&text=stopped'`)
    for (const [images, says] of [
      [0, 'An unknown number of images will change.'],
      [38_000, 'At least 38,000 images will change.']
    ] as const) {
      await page.evaluate(`globalThis.given ??= fetch; globalThis.fetch = (url, init) =>
        init?.body?.includes('dry_run') ? Promise.resolve(Response.json({ images: ${images}, is_exact: false }))
          : given(url, init)`)
      await page.click('Act on all that match')
      await page.shows(says)
      t.equal(await page.evaluate(`document.querySelector('dialog .primary').disabled`), false)
      await page.click('Cancel')
    }
    await page.evaluate('globalThis.fetch = given')
  })

  await t.test('an image that is pending fails', async (t) => {
    origin.on('/slow.jpg', silence())
    const product_images = [`${origin.url}/slow.jpg`]
    const slow = await app.products.create({ user_id: 1, product_name: 'Slow', product_images })
    await page.evaluate(`location.hash = '#/images?status=pending'`)
    await page.click('slow.jpg')
    await page.click('Fail')
    await page.click('Fail: 1 image')
    await page.shows('1 image is withdrawn')
    await page.shows('The operator of the service has stopped this image.')
    t.match((await settled(app, slow)).images, [{ status: 'failed', error_code: 'withdrawn' }])
  })
  t.strictSame(page.faults, [])
})
