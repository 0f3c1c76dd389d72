import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildTestApp, settled } from '../../support/app.ts'
import { respond, startOrigin } from '../../support/http/origin.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { labelled } from '../../support/pictures/pictures.ts'
import { problem } from '../../support/problem.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { settingsOn } from '../../support/servers/settings.ts'
import { services } from '../../support/servers/shared.ts'

const URL = '/api/v1/admin/origins'
const HOST = '127.0.0.1'
const SOURCES = { ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
const ORDERED = { by: 'anyone', since: /^\d{4}-\d\d-\d\dT/ }

/** Rules that are ordered at one process, and obeyed by a worker, which may be the same. */
async function conformance(t: Test, app: FastifyInstance, worker: FastifyInstance): Promise<void> {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  origin.on('/1', respond(await labelled(1)))
  const call = await documented(app)
  const create = (path: string) =>
    app.products.create({
      user_id: 1,
      product_name: 'Lamp',
      product_price: 1,
      product_images: [`${origin.url}${path}`]
    })
  const put = (payload: object, host = HOST) => call({ method: 'PUT', url: `${URL}/${host}`, payload })
  /** Resolves with the response once the worker knows the rule. */
  const order = async (payload: object) => {
    const changed = once(worker.controls, 'changed')
    const reply = await put(payload)
    await changed
    return reply.json()
  }

  await settled(worker, await create('/1'))
  await settled(worker, await create('/missing'))
  await worker.heartbeat.beat()
  t.match((await call({ url: URL })).json(), {
    origins: [
      {
        host: HOST,
        requests_per_minute: Number,
        failures_per_minute: Number,
        latency_ms: Number,
        breaker: { closed: 1, open: 0, half_open: 0 },
        places: 0,
        rule: null
      }
    ]
  })

  const reason = 'They asked us to stop.'
  t.match(await order({ rule: 'refuse', reason }), {
    host: HOST,
    rule: { ...ORDERED, rule: 'refuse', places: null, reason }
  })
  t.match(await settled(worker, await create('/1')), {
    images: [{ status: 'failed', error_code: 'blocked_address', error_detail: new RegExp(reason) }]
  })
  t.match(await order({ rule: 'pause' }), { rule: { ...ORDERED, rule: 'pause', places: null, reason: null } })
  t.match(await order({ rule: 'narrow', places: 2 }), { rule: { ...ORDERED, rule: 'narrow', places: 2 } })
  t.strictSame((await order({ rule: 'resume' })).rule, null)
  t.match(await settled(worker, await create('/1')), { images: [{ status: 'done' }] })

  const errors = [{ pointer: '/places', detail: 'belongs to the rule narrow, and to no other' }]
  for (const payload of [{ rule: 'narrow' }, { rule: 'pause', places: 2 }])
    t.strictSame(
      (await put(payload)).json(),
      problem('invalid_request', 'The request does not match the schema.', errors)
    )
  t.match((await put({ rule: 'pause' }, 'IMG.Shop.example.')).json(), { host: 'shop.example', places: 0 })
  t.match((await call({ url: URL })).json().origins[0], { host: 'shop.example', rule: { rule: 'pause' } })
  const { rows } = await app.pg.query("SELECT act FROM audit WHERE subject->>'subject' = $1 ORDER BY id", [
    HOST
  ])
  t.strictSame(
    rows.map(({ act }) => act),
    ['origin.refuse', 'origin.pause', 'origin.narrow', 'origin.resume']
  )
}

t.test('an embedded process reports its origins, and obeys the rules for them', async (t) => {
  const app = await buildTestApp(t, SOURCES)
  await conformance(t, app, app)
})

t.test('a worker of a fleet reports its origins, and obeys the rules for them', needsServices, async (t) => {
  const servers = await services(t)
  if (!servers) throw new Error('needs services')
  const settings = { ...SOURCES, ...(await settingsOn(servers)) }
  const app = await buildTestApp(t, { ...settings, ROLE: 'api' })
  await conformance(t, app, await buildTestApp(t, { ...settings, ROLE: 'worker' }))
})
