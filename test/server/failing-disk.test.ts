import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { read } from '../support/http/client.ts'
import { owned } from '../support/owner.ts'
import { createFolder } from '../support/servers/guard.ts'
import { dataFolder, Service } from '../support/service.ts'

const FAILING_SYNCS = join(import.meta.dirname, '../support/failing-syncs.ts')

const post = (url: string, product_name: string) =>
  fetch(`${url}/api/v1/products`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: 1, product_name })
  })

t.test('a disk that fails in a transaction ends the process, too', async (t) => {
  const cwd = createFolder('service')
  const settings = { DATA_DIR: await dataFolder(), SHUTDOWN_GRACE_MS: '1000' }
  const service = owned(t, new Service({ ...settings, NODE_OPTIONS: `--import=${FAILING_SYNCS}` }, { cwd }))
  const url = await service.ready()
  await writeFile(join(cwd, 'broken'), '')
  const pause = await fetch(`${url}/api/v1/admin/intake`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ paused: true })
  })
  t.equal(pause.status, 503)
  t.same(await service.ended, { code: 1, signal: null })
})

t.test('an embedded database that cannot sync acknowledges nothing, and ends the process', async (t) => {
  const cwd = createFolder('service')
  const DATA_DIR = await dataFolder()
  const settings = { DATA_DIR, SHUTDOWN_GRACE_MS: '1000', NODE_OPTIONS: `--import=${FAILING_SYNCS}` }
  const start = () => owned(t, new Service(settings, { cwd }))
  const first = start()
  const url = await first.ready()
  t.match(await post(url, 'Before'), { status: 201 })
  await writeFile(join(cwd, 'broken'), '')
  const refused = await post(url, 'Meanwhile')
  t.match(
    [refused.status, await refused.json()],
    [503, { code: 'unavailable', detail: 'The database is unavailable; retry later.' }]
  )
  t.same(await first.ended, { code: 1, signal: null })
  t.match(
    first.lines.join('\n'),
    /The embedded database has ended, because it cannot write its log in .*Check the disk/
  )

  await rm(join(cwd, 'broken'))
  const again = await start().ready()
  t.match(await read(again, 1), { product_name: 'Before' }, 'what was acknowledged is there')
  t.match(await post(again, 'After'), { status: 201 })
})
