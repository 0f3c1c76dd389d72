import { connect } from 'amqplib'
import t from 'tap'
import { deadQueue } from '../../lib/rabbitmq/topology.ts'
import { findings } from '../support/accessibility.ts'
import { buildTestApp } from '../support/app.ts'
import { Page } from '../support/browser.ts'
import { findChromium } from '../support/servers/chromium.ts'
import { needsServices } from '../support/servers/needs.ts'
import { settingsOn } from '../support/servers/settings.ts'
import { services } from '../support/servers/shared.ts'

const chromium = await findChromium()
const skip = chromium === undefined && 'there is no Chromium: install chromium (Debian), or Google Chrome'

t.setTimeout(300_000)

t.test(
  'dead letters are read, sent again and purged',
  { ...needsServices, ...(skip && { skip }) },
  async (t) => {
    const servers = await services(t)
    if (!servers) throw new Error('needs services')
    const settings: Record<string, string> = { ...(await settingsOn(servers)), ROLE: 'api' }
    const app = await buildTestApp(t, settings)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const queue = settings.RABBITMQ_IMAGE_QUEUE ?? ''
    const connection = await connect(servers.rabbitmq.url)
    t.teardown(() => connection.close())
    const channel = await connection.createConfirmChannel()
    const deadLetter = async (...ids: string[]) => {
      for (const messageId of ids)
        channel.sendToQueue(deadQueue(queue), Buffer.from(`<b>${messageId}</b>`), {
          messageId,
          headers: { 'x-reason': 'no JSON' }
        })
      await channel.waitForConfirms()
    }
    await deadLetter('one', 'two', 'three')

    const page = await Page.open(t, chromium ?? '')
    await page.visit(`${url}/console#/work`)
    await page.click('Read 3 messages')
    await page.shows('<b>three</b>')
    await page.click('Replay message one')
    await page.shows('1 message is published again.')
    await page.until(`!document.querySelector('[aria-label="Replay message one"]')`)
    t.match(await channel.get(queue, { noAck: true }), { properties: { messageId: 'one' } })
    await page.click('Purge message two')
    await page.shows('Purge 1 message?')
    t.strictSame(await findings(page), [], 'the question is accessible')
    await page.evaluate(`document.querySelector('dialog .primary').click()`)
    await page.shows('1 message is purged.')
    await page.click('Replay all')
    await page.shows('Nothing is dead.')
    t.match(await channel.get(queue, { noAck: true }), { properties: { messageId: 'three' } })

    await deadLetter('four', 'five')
    await page.click('Purge all 2')
    await page.shows('Purge 2 messages?')
    await page.click('Cancel')
    await page.click('Read 2 messages')
    await page.shows('<b>five</b>')
    await page.click('Purge all 2')
    await page.evaluate(`document.querySelector('dialog .primary').click()`)
    await page.shows('2 messages are purged.')
    await page.shows('Nothing is dead.')
    t.equal(await channel.get(queue, { noAck: true }), false)
    t.equal(await app.broker?.deadLetters(), 0)
    t.strictSame(page.faults, [])
  }
)
