import t from 'tap'
import { create, settled } from '../support/http/client.ts'
import { respond, silence, startOrigin } from '../support/http/origin.ts'
import { linkedServers } from '../support/links.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { needsServices } from '../support/servers/needs.ts'
import { startService } from '../support/service.ts'

t.test(
  'a stop while the database is frozen ends inside the grace, with exit code 0',
  needsServices,
  async (t) => {
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    const { links, settings } = await linkedServers(t)
    for (const link of Object.values(links)) await link.open()
    const service = startService(t, { ...settings, SHUTDOWN_GRACE_MS: '5000' })
    const url = await service.ready()
    origin.on('/slow', silence())
    const asked = origin.requested('/slow')
    const id = await create(url, [`${origin.url}/slow`])
    await asked
    links.postgres.freeze()
    service.signal('SIGTERM')
    t.same(await service.ended, { code: 0, signal: null })
    t.ok(await service.said(/The stop was cut short/))

    links.postgres.thaw()
    origin.on('/slow', respond(await labelled(1)))
    const next = await startService(t, settings).ready()
    t.match(await settled(next, id), { image_status: 'done', images: [{ attempts: 1 }] }, 'nothing was lost')
  }
)
