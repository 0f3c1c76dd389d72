import { Readable } from 'node:stream'
import t from 'tap'
import { buildApp } from '../../app.ts'
import { loadConfig } from '../../lib/config/config.ts'
import { findings, LOOKS, look } from '../support/accessibility.ts'
import { buildTestApp } from '../support/app.ts'
import { Page } from '../support/browser.ts'
import { findChromium } from '../support/servers/chromium.ts'
import { dataFolder } from '../support/service.ts'
import { ADMIN, HOSTILE, startIncidents } from './incidents.ts'

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'
const MAX_BYTES = 78_000

t.setTimeout(300_000)

t.test('the first load is small, and comes from the service alone', { skip }, async (t) => {
  const app = await buildTestApp(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const page = await Page.open(t, chromium ?? '')
  await page.visit(`${url}/console`)
  await page.shows('All is well')
  const files = page.loaded.filter((file) => !file.url.includes('/api/'))
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  t.comment(`${files.length} requests, ${bytes} bytes`)
  t.ok(bytes < MAX_BYTES, `${bytes} bytes`)
  t.strictSame(
    page.loaded.filter((file) => !file.url.startsWith(url)),
    []
  )
  t.strictSame(page.faults, [])
})

t.test(
  'a service that does not respond for a moment is not taken for one that needs a key',
  { skip },
  async (t) => {
    const app = await buildTestApp(t)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const page = await Page.open(t, chromium ?? '')
    await page.send('Network.setBlockedURLs', { urls: ['*/admin/session'] })
    await page.visit(`${url}/console#/images`)
    await page.shows('No image matches.')
    t.notMatch(await page.text(), 'Act on all that match')
    await page.send('Network.setBlockedURLs', { urls: [] })
    await page.shows('Act on all that match')
  }
)

t.test('a response that does not arrive whole is not taken for an empty one', { skip }, async (t) => {
  const config = loadConfig({ DATA_DIR: await dataFolder(), LOG_LEVEL: 'silent', SHUTDOWN_GRACE_MS: '100' })
  const ends: ((how: 'cut' | 'whole') => void)[] = []
  const app = await buildApp(config, {}, async (app) => {
    app.addHook('onSend', async ({ url }, _reply, payload) => {
      if (!url.includes('/admin/audit')) return payload
      const end = new Promise<'cut' | 'whole'>((resolve) => void ends.push(resolve))
      return Readable.from(inTwo(String(payload), end), { objectMode: false })
    })
  })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const page = await Page.open(t, chromium ?? '')
  const requested = async (count: number) => {
    while (ends.length < count) await page.shows('Loading the audit')
  }
  await page.visit(`${url}/console#/deliveries`)
  await requested(1)
  await page.evaluate(`location.hash = '#/deliveries?act=intake.pause'`)
  await requested(2)
  ends[1]?.('cut')
  await page.shows('The response of the service was cut off.')
  await page.evaluate(`location.hash = '#/deliveries'`)
  await requested(3)
  ends[2]?.('whole')
  await page.shows('Nobody has changed anything.')
  t.strictSame(
    page.faults.filter((fault) => fault.includes('exceptionDetails')),
    []
  )
  ends[0]?.('cut')
})

/** Yields a half of the text, and the other one once that is said. */
async function* inTwo(text: string, end: Promise<'cut' | 'whole'>) {
  yield text.slice(0, text.length / 2)
  if ((await end) === 'cut') throw new Error('cut off')
  yield text.slice(text.length / 2)
}

t.test('all screens are accessible, in light and dark, on a desk and a phone', { skip }, async (t) => {
  const incidents = await startIncidents(t)
  const { url, create } = incidents
  const page = await Page.open(t, chromium ?? '')
  await create('/forbidden.jpg')
  await page.visit(`${url}/console`)
  await page.shows('Enter an API key of this service')
  t.strictSame(await findings(page), [], 'the gate')
  await page.type(ADMIN)
  await page.click('The origin responds with an error')
  await page.until(`document.querySelector('td a[href*="#/images/"]')`)
  const image = await page.evaluate(`document.querySelector('td a[href*="#/images/"]').getAttribute('href')`)
  for (const { theme, width } of LOOKS) {
    await look(page, { theme, width })
    for (const hash of ['#/now', '#/images', String(image), '#/work', '#/origins', '#/deliveries']) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
      await page.until(`document.querySelector('main h1') && !document.querySelector('.pulse')`)
      t.strictSame(await findings(page), [], `${hash}, ${theme}, ${width} pixels`)
      const overflow = 'document.documentElement.scrollWidth > innerWidth'
      t.equal(await page.evaluate(overflow), false, `${hash} fits in ${width} pixels`)
    }
  }
  await page.evaluate(`location.hash = ${JSON.stringify(image)}`)
  await page.shows(HOSTILE)
  t.equal(await page.evaluate('document.title'), 'Images · AsyncProd', 'a hostile name is text')
  t.strictSame(page.faults, [])
})
