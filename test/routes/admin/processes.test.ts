import { once } from 'node:events'
import { hostname } from 'node:os'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { VERSION } from '../../../lib/version.ts'
import { buildTestApp } from '../../support/app.ts'
import { silence, startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { settingsOn } from '../../support/servers/settings.ts'
import { services } from '../../support/servers/shared.ts'

const URL = '/api/v1/admin/processes'
const TIME = /^\d{4}-\d\d-\d\dT/
const SOURCES = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }

/** Drains a worker that has a job, through a process that may be the same. */
async function conformance(t: Test, app: FastifyInstance, worker: FastifyInstance): Promise<void> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/slow', silence())
  const call = await documented(app)
  const product = { user_id: 1, product_name: 'Lamp', product_price: 1 }
  const asked = origin.requested('/slow')
  await app.products.create({ ...product, product_images: [`${origin.url}/slow`] })
  await asked
  await worker.heartbeat.beat()

  const { id } = worker.heartbeat
  const expected = {
    id,
    role: worker === app ? 'all' : 'worker',
    version: VERSION,
    host: hostname(),
    pid: process.pid,
    state: 'running',
    since: TIME,
    seen_at: TIME,
    jobs: 1,
    memory_bytes: Number,
    fence: { in_force: Array, missing: Array },
    drained: null
  }
  const find = async () =>
    (await call({ url: URL })).json().processes.find((process: { id: string }) => process.id === id)
  t.match(await find(), expected)

  const paused = once(worker.outbox.events, 'paused')
  const put = (id: string, drain: boolean) => call({ method: 'PUT', url: `${URL}/${id}`, payload: { drain } })
  const drained = { ...expected, state: 'draining', drained: { by: 'anyone', since: TIME } }
  t.match((await put(id, true)).json(), drained)
  await paused
  t.match(await find(), drained)
  const resumed = once(worker.outbox.events, 'resumed')
  t.match((await put(id, false)).json(), expected)
  await resumed

  const unknown = '00000000-0000-4000-8000-000000000000'
  t.strictSame((await put(unknown, true)).json(), problem('not_found', `There is no process ${unknown}.`))
  const { rows } = await app.pg.query('SELECT act, subject FROM audit ORDER BY id')
  t.strictSame(rows, [
    { act: 'process.pause', subject: { subject: id, places: null, reason: null } },
    { act: 'process.resume', subject: { subject: id } }
  ])
}

t.test('an embedded process is listed, and drained', async (t) => {
  const app = await buildTestApp(t, SOURCES)
  await conformance(t, app, app)
})

t.test(
  'processes of a fleet are listed until they stop or are lost, and drained',
  needsServices,
  async (t) => {
    const servers = await services(t)
    if (!servers) throw new Error('needs services')
    const settings = { ...SOURCES, ...(await settingsOn(servers)) }
    const app = await buildTestApp(t, { ...settings, ROLE: 'api' })
    const worker = await buildTestApp(t, { ...settings, ROLE: 'worker' })
    await conformance(t, app, worker)
    const states = async () =>
      (await app.inject(URL)).json().processes.map(({ role, state }: Record<string, string>) => [role, state])

    const silent = (interval: string) =>
      app.pg.query(`UPDATE processes SET seen_at = now() - interval '${interval}' WHERE role = 'worker'`)
    await app.heartbeat.beat()
    await silent('31 s')
    t.strictSame((await states()).sort(), [
      ['api', 'running'],
      ['worker', 'lost']
    ])
    await silent('61 min')
    await app.pg.query(`INSERT INTO controls (kind, subject, rule, ordered_by, since)
    VALUES ('process', 'gone', 'pause', 'ada', now() - interval '25 hours')`)
    await app.controls.load()
    await app.heartbeat.beat()
    t.strictSame(await states(), [['api', 'running']])
    t.equal(app.controls.get('process', 'gone'), undefined, 'the drain of a process that is gone is removed')
    await worker.heartbeat.beat()
    await worker.close()
    t.strictSame(await states(), [['api', 'running']])
  }
)
