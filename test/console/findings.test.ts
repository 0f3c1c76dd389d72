import t from 'tap'
import { buildTestApp, settled } from '../support/app.ts'
import { Page } from '../support/browser.ts'
import { startOrigin } from '../support/http/origin.ts'
import { findChromium } from '../support/servers/chromium.ts'

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.setTimeout(300_000)

t.test('a failure needs someone until it is dealt with', { skip }, async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const app = await buildTestApp(t, { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const create = (...paths: string[]) =>
    app.products.create({
      user_id: 1,
      product_name: 'Lamp',
      product_images: paths.map((path) => `${origin.url}${path}`)
    })
  const page = await Page.open(t, chromium ?? '')
  const host = new URL(origin.url).host

  await t.test('a few files that are missing say nothing about their origin', async (t) => {
    await settled(app, await create('/1.jpg', '/2.jpg', '/3.jpg', '/4.jpg'))
    await app.heartbeat.beat()
    await page.visit(`${url}/console`)
    await page.shows('4 images failed and wait for another source or a retry')
    await page.shows('1 thing needs you')
    t.notMatch(await page.text(), 'fails most requests')
    await page.click('See them')
    await page.click('1.jpg')
    await page.shows('The file is not there. Replace the source, or retry once it is back.')
    await page.shows('1 of 5')
    await page.until(`document.querySelector('button.primary')?.innerText === 'Replace the source …'`)
    await page.click('Others like it')
    await page.until(`document.querySelector('[name=host]')?.value === ${JSON.stringify(host)}`)
    await page.until(`document.querySelectorAll('tbody tr').length === 4`)
  })

  await t.test('an origin that fails most requests does', async () => {
    await settled(app, await create('/5.jpg', '/6.jpg'))
    await app.heartbeat.beat()
    await page.visit(`${url}/console`)
    await page.shows('127.0.0.1 fails most requests')
    await page.shows('6 of 6 requests failed in the last 10 minutes.')
    await page.click('See its images')
    await page.until(`document.querySelectorAll('tbody tr').length === 6`)
    await page.click('Origins')
    await page.click('Rule for 127.0.0.1')
    await page.until(`document.querySelector('dialog [name=rule]:checked')?.value === 'resume'`)
    await page.click('Cancel')
    await page.click('Now')
  })

  await t.test('a chosen span is kept by the address', async () => {
    await page.click('6 hours')
    await page.until(`location.hash === '#/now?hours=6'`)
    await page.send('Page.reload')
    await page.until(`document.querySelector('[aria-current="true"]')?.innerText === '6 hours'`)
  })

  await t.test('an image that is pending says that all work is paused', async () => {
    await app.inject({ method: 'PUT', url: '/api/v1/admin/intake', payload: { paused: true } })
    await create('/7.jpg')
    await page.visit(`${url}/console#/images?status=pending`)
    await page.click('7.jpg')
    await page.shows('Waits: all work is paused')
    await page.shows('None is kept.')
  })

  await t.test('an image that an operator has failed needs nobody', async () => {
    await app.pg.query(`UPDATE product_images SET error_code = 'withdrawn' WHERE source_url LIKE '%/6.jpg'`)
    await page.click('Now')
    await page.shows('5 images failed and wait')
  })
  t.strictSame(page.faults, [])
})
