import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { Page } from '../support/browser.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { findChromium } from '../support/servers/chromium.ts'

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.setTimeout(300_000)

t.test('a webhook that was refused is sent again, and it is recorded by whom', { skip }, async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.serve('/lamp.jpg', await labelled(1))
  origin.on('/hook', respond('', { status: 500 }))
  const app = await buildTestApp(t, {
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    WEBHOOK_URL: `${origin.url}/hook`,
    RETRY_BASE_MS: '600000'
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const product_images = [`${origin.url}/lamp.jpg`]
  const id = await app.products.create({ user_id: 1, product_name: 'Lamp', product_images })
  await settled(app, id)
  const page = await Page.open(t, chromium ?? '')
  await page.visit(`${url}/console`)
  await page.shows('The webhook receiver responds with 500')
  await page.click('See the deliveries')
  await page.shows('The receiver of webhooks responded with status 500')
  await page.shows('Nobody has changed anything.')
  await page.shows('WEBHOOK_URL')

  origin.on('/hook', respond('', { status: 204 }))
  await settled(app, await app.products.create({ user_id: 1, product_name: 'Desk', product_images }))
  await page.shows('1 not delivered yet, the next attempt is in')
  await page.click('Now')
  await page.shows('1 webhook waits for another attempt')
  await page.shows('The receiver accepted the latest one.')
  t.notMatch(await page.text(), 'responds with 500')
  await page.click('See the deliveries')
  await page.click(`Send again the webhook of product ${id}`)
  await page.shows(`The webhook of product ${id} is sent again.`)
  await page.click('All')
  await page.until(`document.querySelectorAll('td .ok').length === 2`)
  t.equal(origin.count('/hook'), 3)
  await page.shows('Delivered since.')
  await page.shows('None waits for another attempt')
  await page.shows('Send a webhook again')
  await page.click('anyone')
  await page.click('Everything')
  await page.click('Now')
  await page.shows('All is well')
  t.equal(origin.count('/hook'), 3, 'in the place of the retry')
  t.strictSame(page.faults, [])
})
