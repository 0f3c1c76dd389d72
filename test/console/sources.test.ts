import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { Page } from '../support/browser.ts'
import { startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { findChromium } from '../support/servers/chromium.ts'

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.setTimeout(300_000)

t.test('sources in a private network need someone, who replaces one and goes back', { skip }, async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.serve('/lamp.jpg', await labelled(1))
  const app = await buildTestApp(t, { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const inside = 'http://10.0.0.1/lamp.jpg'
  const product_images = [inside, 'http://192.168.0.1/lamp.jpg']
  const id = await app.products.create({ user_id: 1, product_name: 'Lamp', product_images })
  await settled(app, id)
  const page = await Page.open(t, chromium ?? '')

  await page.visit(`${url}/console`)
  await page.shows('2 sources are in a private network')
  await page.shows('allow it with ALLOWED_SOURCE_NETWORKS')
  await page.click('See the images')
  await page.click('10.0.0.1/lamp.jpg')
  await page.shows('blocked address')

  await page.click('Replace the source')
  await page.shows('The new one takes its place in Lamp')
  await page.type('http://172.16.0.1/lamp.jpg')
  await page.shows('The source must not point to a private or reserved address.')
  t.equal((await app.products.load(id))?.version, 2)
  await page.evaluate(`document.querySelector('dialog input').select()`)
  await page.type(`${origin.url}/lamp.jpg`)
  await page.shows('The source is replaced.')
  await page.shows(`Replaces ${inside}`)
  await settled(app, id)
  await page.until(`document.querySelector('[aria-label="Replaced source"] .ok')`)
  await page.shows('800 × 600')
  const { images } = (await app.inject(`/api/v1/products/${id}`)).json()
  t.match(images, [{ source_url: `${origin.url}/lamp.jpg`, status: 'done' }, { status: 'failed' }])

  await page.click('Replace the source')
  await page.type(`${origin.url}/gone.jpg`)
  await page.shows(`Replaces ${origin.url}/lamp.jpg`)
  await page.shows('The server responded with 404 Not Found.')
  await page.click('Go back to it')
  await page.shows('Today’s source')
  await page.evaluate(`document.querySelector('dialog .primary').click()`)
  await page.shows(`Replaces ${origin.url}/gone.jpg`)
  await page.shows('800 × 600')
  t.match(await app.products.load(id), { product_images: [`${origin.url}/lamp.jpg`, product_images[1]] })
  await page.click('Deliveries')
  await page.shows('Replace a source')
  t.strictSame(page.faults, [])
})
