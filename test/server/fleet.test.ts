import t from 'tap'
import { create, settled } from '../support/http/client.ts'
import { respond, silence, startOrigin } from '../support/http/origin.ts'
import { linkedServers } from '../support/links.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { needsServices } from '../support/servers/needs.ts'
import { startService } from '../support/service.ts'

t.test('ten processes start at once on an empty database, and share the work', needsServices, async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const picture = respond(await labelled(1))
  origin.on('/1', picture)
  const { links, settings } = await linkedServers(t)
  for (const link of Object.values(links)) await link.open()
  const start = (ROLE: string) =>
    startService(t, { ...settings, ROLE, SHUTDOWN_GRACE_MS: '3000', STARTUP_TIMEOUT_MS: '100000' })

  const apis = [start('api'), start('api')]
  const workers = [start('worker'), start('worker')]
  const passing = Array.from({ length: 6 }, (_, i) => start(i % 2 ? 'api' : 'worker'))
  const all = [...apis, ...workers, ...passing]
  await Promise.all(all.map((service) => service.ready()))
  const migrated = all.flatMap(({ lines }) => lines.filter((line) => /database has been migrated/.test(line)))
  t.equal(migrated.length, 1, 'one of them migrated')
  const troubles = all.flatMap(({ lines }) => lines.filter((line) => /"level":(50|60)/.test(line)))
  t.same(troubles, [], 'no errors')
  for (const service of passing) service.signal('SIGTERM')
  for (const service of passing) t.same(await service.ended, { code: 0, signal: null })

  const metrics = await (await fetch(`${await workers[0]?.ready()}/metrics`)).text()
  t.match(metrics, /space="new"} [1-4]\d{6}\n/, 'the space for new objects of a worker does not grow')
  const [one, other] = await Promise.all(apis.map((service) => service.ready()))
  if (!one || !other) throw new Error('There are two')
  const ids = await Promise.all(Array.from({ length: 10 }, () => create(one, [`${origin.url}/1`])))
  for (const id of ids) t.match(await settled(other, id), { image_status: 'done' }, `product ${id}`)

  // Stopped in the middle of a download, workers leave it to those that come after.
  origin.on('/slow', silence())
  const asked = origin.requested('/slow')
  const id = await create(other, [`${origin.url}/slow`])
  await asked
  origin.on('/slow', picture)
  for (const worker of workers) worker.signal('SIGTERM')
  for (const worker of workers) t.same(await worker.ended, { code: 0, signal: null })
  const third = start('worker')
  t.match(
    await settled(one, id),
    { image_status: 'done', images: [{ attempts: 1 }] },
    'no attempt was burned'
  )
  for (const service of [third, ...apis]) service.signal('SIGTERM')
  for (const service of [third, ...apis]) t.same(await service.ended, { code: 0, signal: null })
})
