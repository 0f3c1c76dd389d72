import t from 'tap'
import { Page } from '../support/browser.ts'
import { findChromium } from '../support/servers/chromium.ts'
import { ADMIN, plantKiller, READER, startIncidents } from './incidents.ts'

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.setTimeout(300_000)

t.test('five incidents are found with what the console shows', { skip }, async (t) => {
  const incidents = await startIncidents(t)
  const { app, url, create } = incidents
  const page = await Page.open(t, chromium ?? '')
  await page.visit(`${url}/console`)
  await page.shows('Enter an API key of this service')
  await page.type('key-of-nobody')
  await page.shows('The API key is unknown.')
  await page.type(READER)
  await page.shows('All is well')
  await page.shows('This key only reads')

  await t.test('a host that responds with 403', async () => {
    await create('/forbidden.jpg')
    await page.click('The origin responds with an error')
    await page.click('127.0.0.1')
    await page.shows('The server responded with 403 Forbidden.')
    await page.shows('SOURCE_USER_AGENT')
    await page.click('Now')
    await page.shows('1 image failed and waits for another source or a retry')
  })

  await t.test('a receiver of webhooks that responds with 500', async () => {
    await page.click('Now')
    await page.shows('The webhook receiver responds with 500')
    await page.click('See the deliveries')
    await page.shows('The receiver of webhooks responded with status 500')
  })

  await t.test('a bucket that refuses writes', async () => {
    await create('/good.jpg')
    await page.click('Now')
    await page.shows('The bucket has refused writes')
    await page.shows('1 image will be retried, also without you; 0 failed.')
  })

  await t.test('a picture that kills its decoder', async () => {
    await plantKiller(incidents)
    await page.click('A broken picture')
    await page.shows('The image ended its decoder')
  })

  await t.test('work that is paused, and was forgotten', async (t) => {
    await page.visit('about:blank')
    const { statusCode } = await app.inject({
      method: 'PUT',
      url: '/api/v1/admin/intake',
      headers: { 'x-api-key': ADMIN },
      payload: { paused: true, reason: 'moving the bucket' }
    })
    t.equal(statusCode, 200)
    await page.visit(`${url}/console`)
    await page.shows('All work has been paused for')
    await page.shows('moving the bucket')
    await page.shows('None is sent while all work is paused.')
    await page.click('See the pause')
    await page.click('Sign out')
    await page.shows('You are signed out.')
    await page.type(ADMIN)
    await page.click('Now')
    await page.click('Resume …')
    await page.shows('All work is paused')
    await page.click('Resume')
    await page.shows('Work is resumed.')
    await page.click('Undo')
    await page.shows('All work is paused')
  })
  t.strictSame(page.faults, [])
})
