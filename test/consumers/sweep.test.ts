import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { buildTestApp, LogStream } from '../support/app.ts'
import { enqueue, rowsLeft } from '../support/outbox.ts'
import { needsServices } from '../support/servers/needs.ts'
import { settingsOn } from '../support/servers/settings.ts'
import { services } from '../support/servers/shared.ts'

const DAY = 24 * 3_600_000

t.test('webhooks that nothing delivers are discarded, and counted in one line', async (t) => {
  const log = new LogStream()
  const discarded = new Promise<object>((resolve) =>
    log.once('Webhooks were discarded: WEBHOOK_URL is not set', resolve)
  )
  const app = await buildTestApp(
    t,
    { JOB_TIMEOUT_MS: '1000', DOWNLOAD_TIMEOUT_MS: '1000', LOG_LEVEL: 'info' },
    { logger: { stream: log } }
  )
  await enqueue(app.pg.pool, { kind: 'webhook', count: 3, waitMs: -2 * DAY })
  await enqueue(app.pg.pool, { kind: 'webhook', waitMs: -DAY / 2 })
  t.match(await discarded, { webhooks: 3 })
  t.equal((await rowsLeft(app.pg.pool)).length, 1, 'a process that is down may still deliver the fresh one')
})

t.test('lost images are enqueued, but not while the queue is deep', needsServices, async (t) => {
  const servers = await services(t)
  if (!servers) throw new Error('needs services')
  const app = await buildTestApp(t, {
    ...(await settingsOn(servers)),
    JOB_TIMEOUT_MS: '1000',
    DOWNLOAD_TIMEOUT_MS: '1000'
  })
  let sweeps = 0
  app.products.background.sweep = async () => {
    sweeps++
    return 0
  }
  const { broker } = app
  if (!broker) throw new Error('no broker')
  let isDeep = true
  let looks = 0
  broker.depth = async () => {
    looks++
    return isDeep ? 1000 : 10
  }
  while (looks < 3) await wait(50)
  t.equal(sweeps, 0)
  isDeep = false
  while (sweeps === 0) await wait(50)
  t.pass('it sweeps again')
})
