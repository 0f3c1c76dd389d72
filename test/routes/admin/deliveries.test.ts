import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildTestApp, LogStream } from '../../support/app.ts'
import { type Origin, respond, startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { settingsOn } from '../../support/servers/settings.ts'
import { services } from '../../support/servers/shared.ts'
import type { Settings } from '../../support/service.ts'

const TIME = /^\d{4}-\d\d-\d\dT/
const taken = respond('', { status: 204 })

/** A service with a receiver that takes no webhook yet. */
async function start(t: Test, settings: Settings = {}) {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/hook', respond('No', { status: 500 }))
  const WEBHOOK_URL = `${origin.url}/hook`
  const ALLOWED_SOURCE_NETWORKS = '127.0.0.0/8'
  const log = new LogStream()
  const variables = {
    RETRY_BASE_MS: '1',
    ...settings,
    WEBHOOK_URL,
    ALLOWED_SOURCE_NETWORKS,
    LOG_LEVEL: 'info'
  }
  const app = await buildTestApp(t, variables, { logger: { level: 'info', stream: log } })
  return { origin, app, log }
}

async function conformance(
  t: Test,
  { origin, app, log }: { origin: Origin; app: FastifyInstance; log: LogStream }
) {
  const call = await documented(app)
  const list = async (query = '') => (await call({ url: `/api/v1/admin/deliveries${query}` })).json()
  const NONE = { deliveries: [], next: null, outstanding: { waiting: 0, next_attempt_at: null, given_up: 0 } }
  t.strictSame(await list(), NONE)
  const again = origin.requested('/hook').then(() => origin.on('/hook', taken))
  const delivered = once(log, 'Webhook delivered')
  const product = { user_id: 1, product_name: 'Lamp', product_price: 1 }
  const id = await app.products.create({ ...product, product_images: [`${origin.url}/missing`] })
  await again
  await delivered
  const [, first] = (await list()).deliveries

  t.match(first, {
    id: '1',
    at: TIME,
    message_id: /^asyncprod-/,
    product_id: id,
    user_id: 1,
    attempt: 1,
    status: 500,
    ms: Number,
    error: 'The receiver of webhooks responded with status 500',
    is_delivered: true
  })
  t.match((await list()).deliveries[0], {
    id: '2',
    message_id: first.message_id,
    attempt: 2,
    status: 204,
    error: null,
    is_delivered: true
  })
  t.match(await list('?failed=true'), { deliveries: [{ id: '1' }], next: null })
  t.match(await list('?limit=1'), { deliveries: [{ id: '2' }], next: '2' })
  t.match(await list('?limit=1&cursor=2'), { deliveries: [{ id: '1' }], next: null })
  t.strictSame(await list(`?product_id=${id + 1}`), NONE)

  const send = (id: number) => call({ method: 'POST', url: `/api/v1/admin/deliveries/${id}/send` })
  const sent = origin.requested('/hook')
  t.equal((await send(1)).statusCode, 202)
  await sent
  t.equal(origin.count('/hook'), 3)
  t.strictSame((await send(7)).json(), problem('not_found', 'There is no delivery 7, or no product of it.'))

  const audit = async (query = '') => (await call({ url: `/api/v1/admin/audit${query}` })).json()
  const entry = { id: '1', at: TIME, actor: 'anyone', act: 'delivery.send', subject: { id: 1 } }
  t.match(await audit(), { entries: [entry], next: null })
  t.match(await audit('?actor=anyone&act=delivery.send&limit=1'), { entries: [entry], next: null })
  await send(1)
  t.match(await audit('?limit=1'), { entries: [{ ...entry, id: '2' }], next: '2' })
  t.match(await audit('?limit=1&cursor=2'), { entries: [entry], next: null })
  for (const query of ['?actor=key:1', '?act=intake.pause', '?cursor=1'])
    t.strictSame(await audit(query), { entries: [], next: null })
}

/** A retry that waits for long is not beside what an operator sends again. */
async function hurries(
  t: Test,
  { origin, app, log }: { origin: Origin; app: FastifyInstance; log: LogStream }
) {
  const call = await documented(app)
  const outstanding = async () => (await call({ url: '/api/v1/admin/deliveries' })).json().outstanding
  const refused = once(log, 'Outbox work failed; it is retried')
  const product_images = [`${origin.url}/missing`]
  await app.products.create({ user_id: 1, product_name: 'Lamp', product_price: 1, product_images })
  await refused
  const scheduled = `SELECT FROM outbox WHERE kind = 'webhook' AND due_at > now() + interval '2 min'`
  while ((await app.pg.query(scheduled)).rowCount === 0) await setImmediate()
  t.match(await outstanding(), { waiting: 1, next_attempt_at: TIME, given_up: 0 })
  const [refusal] = (await call({ url: '/api/v1/admin/deliveries' })).json().deliveries
  t.match(refusal, { attempt: 1, status: 500, is_delivered: false })
  origin.on('/hook', taken)
  const delivered = once(log, 'Webhook delivered')
  await call({ method: 'POST', url: '/api/v1/admin/deliveries/1/send' })
  await delivered
  const { deliveries } = (await call({ url: '/api/v1/admin/deliveries' })).json()
  t.match(deliveries, [
    { attempt: 2, status: 204, is_delivered: true },
    { attempt: 1, status: 500, is_delivered: true }
  ])
  await app.pg.query(`INSERT INTO deliveries (message_id, product_id, user_id, attempt, ms, error)
    VALUES ('x', 1, 1, 30, 1, 'Refused'), ('y', 2, 1, 29, 1, 'Refused')`)
  t.match(await outstanding(), { given_up: 1 })
}

t.test('on embedded parts, what is sent again takes the place of its retry', async (t) => {
  await hurries(t, await start(t, { RETRY_BASE_MS: '600000' }))
})

t.test('on servers, what is sent again takes the place of its retry', needsServices, async (t) => {
  const servers = await services(t)
  if (!servers) throw new Error('needs services')
  await hurries(t, await start(t, { ...(await settingsOn(servers)), RETRY_BASE_MS: '600000' }))
})

t.test('on embedded parts, attempts to deliver webhooks are listed and repeated', async (t) => {
  await conformance(t, await start(t))
})

t.test('on servers, attempts to deliver webhooks are listed and repeated', needsServices, async (t) => {
  const servers = await services(t)
  if (!servers) throw new Error('needs services')
  await conformance(t, await start(t, await settingsOn(servers)))
})
