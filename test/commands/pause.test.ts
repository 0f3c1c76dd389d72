import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { asyncprod } from '../support/cli.ts'
import { dataFolder, startService } from '../support/service.ts'

const INTAKE = '/api/v1/admin/intake'

t.test('pause and resume, with the data or through a running service', async (t) => {
  const DATA_DIR = await dataFolder()
  const paused = await asyncprod(['pause', '--reason', 'A test'], { DATA_DIR })
  t.match(paused, { code: 0, stdout: /^All work is paused/ }, paused.stderr)
  const service = startService(t, { DATA_DIR })
  const url = await service.ready()
  const read = async () => (await fetch(`${url}${INTAKE}`)).json()
  t.match(await read(), { paused: true, by: /^cli:/, reason: 'A test' })
  const resumed = await asyncprod(['resume', '--url', url])
  t.match(resumed, { code: 0, stdout: /^Work is taken again/ }, resumed.stderr)
  t.match(await read(), { paused: false })
  const again = await asyncprod(['pause', '--url', url])
  const stdout = `All work is paused; \`asyncprod resume --url ${url}\` ends that\n`
  t.match(again, { code: 0, stdout }, again.stderr)
  t.match(await read(), { paused: true, by: 'anyone', reason: null })
  service.signal('SIGTERM')
  await service.ended
  t.equal((await buildTestApp(t, { DATA_DIR })).outbox.isPaused, true)
})

t.test('resume takes no reason', async (t) => {
  t.match(await asyncprod(['resume', '--reason', 'x']), { code: 2, stderr: /^asyncprod pause/ })
})
