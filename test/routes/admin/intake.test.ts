import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildTestApp, settled } from '../../support/app.ts'
import { respond, startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { rowsLeft } from '../../support/outbox.ts'
import { labelled } from '../../support/pictures/pictures.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { settingsOn } from '../../support/servers/settings.ts'
import { services } from '../../support/servers/shared.ts'
import { dataFolder } from '../../support/service.ts'

const URL = '/api/v1/admin/intake'
const OPEN = { paused: false, by: null, reason: null, since: null }
const PAUSED = { paused: true, by: 'anyone', reason: 'The bucket moves.', since: /^\d{4}-\d\d-\d\dT/ }
const SOURCES = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }

/** What a pause does, ordered at one process of a fleet and obeyed by a worker, which may be the same. */
async function conformance(t: Test, app: FastifyInstance, worker: FastifyInstance): Promise<void> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/1', respond(await labelled(1)))
  const call = await documented(app)
  const put = async (payload: object) => (await call({ method: 'PUT', url: URL, payload })).json()
  t.strictSame((await call({ url: URL })).json(), OPEN)

  const paused = once(worker.outbox.events, 'paused')
  t.match(await put({ paused: true, reason: 'The bucket moves.' }), PAUSED)
  await paused
  const images = [`${origin.url}/1`]
  const product = { user_id: 1, product_name: 'Lamp', product_price: 1, product_images: images }
  const id = await app.products.create(product)
  t.equal((await worker.inject('/health/ready')).json().intake, 'paused')
  t.match((await app.inject('/metrics')).body, /^asyncprod_fleet_intake_paused_seconds [\d.e-]+$/m)
  const { rows } = await app.pg.query('SELECT actor, act, subject FROM audit')
  const subject = { subject: '', places: null, reason: 'The bucket moves.' }
  t.strictSame(rows, [{ actor: 'anyone', act: 'intake.pause', subject }])

  for (const { outbox } of [app, worker]) outbox.poke()
  await worker.heartbeat.beat()
  t.strictSame(await rowsLeft(app.pg.pool), [{ claims: 0, due: true }])
  t.equal(origin.count('/1'), 0)
  t.strictSame(await put({ paused: false }), OPEN)
  t.match(await settled(worker, id), { images: [{ status: 'done', attempts: 1 }] })
}

t.test('on embedded parts, a pause stops all work but no creates', async (t) => {
  const app = await buildTestApp(t, SOURCES)
  await conformance(t, app, app)
})

t.test('in a fleet, a pause stops all work but no creates', needsServices, async (t) => {
  const servers = await services(t)
  if (!servers) throw new Error('needs services')
  const settings = { ...SOURCES, ...(await settingsOn(servers)) }
  const app = await buildTestApp(t, { ...settings, ROLE: 'api' })
  await conformance(t, app, await buildTestApp(t, { ...settings, ROLE: 'worker' }))
})

t.test('a pause holds over restarts', async (t) => {
  const DATA_DIR = await dataFolder()
  const app = await buildTestApp(t, { DATA_DIR })
  await app.inject({ method: 'PUT', url: URL, payload: { paused: true, reason: 'The bucket moves.' } })
  await app.close()
  const again = await buildTestApp(t, { DATA_DIR })
  t.equal(again.outbox.isPaused, true)
  t.match((await again.inject(URL)).json(), PAUSED)
})
