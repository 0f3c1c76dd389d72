import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { connect } from 'amqplib'
import t, { type Test } from 'tap'
import { deadQueue } from '../../lib/rabbitmq/topology.ts'
import { asyncprod } from '../support/cli.ts'
import { create, settled } from '../support/http/client.ts'
import { startOrigin } from '../support/http/origin.ts'
import { needsServices } from '../support/servers/needs.ts'
import { settingsOn } from '../support/servers/settings.ts'
import { services } from '../support/servers/shared.ts'
import { dataFolder, startService } from '../support/service.ts'

const KEY = 'key-of-operations'

/** Runs a command through the service at the URL. */
const commandAt =
  (t: Test, url: string, variables: Record<string, string> = {}) =>
  async (...args: string[]) => {
    const { code, stdout, stderr } = await asyncprod([...args, '--url', url], variables)
    t.equal(code, 0, stderr)
    return stdout
  }

t.test('a command on data that a service works on says how to go on', async (t) => {
  const settings = { DATA_DIR: await dataFolder() }
  await startService(t, settings).ready()
  const variables = { ...settings, PORT: '8093' }
  const checked = await asyncprod(['check'], variables)
  const condition = `Another process works on ${settings.DATA_DIR}; when it has ended, ROLE=all can start`
  t.strictSame([checked.code, checked.stdout.trimEnd().split('\n').at(-1)], [0, condition])
  const refused = (cure: string) => ({
    code: 1,
    stdout: '',
    stderr: `Another process works on ${settings.DATA_DIR}. If it is the service, ${cure}.\n`
  })
  for (const command of ['failed list', 'failed retry --all', 'pause', 'resume', 'objects sweep'])
    t.strictSame(
      await asyncprod(command.split(' '), variables),
      refused('let it do this: --url http://127.0.0.1:8093'),
      command
    )
  for (const command of ['urls refresh', 'renditions plan'])
    t.strictSame(
      await asyncprod(command.split(' '), variables),
      refused('stop it, run this command, and start it again'),
      command
    )
})

t.test('an address without http:// is refused with the right one', async (t) => {
  t.strictSame(await asyncprod(['failed', 'list', '--url', 'localhost:8081']), {
    code: 2,
    stdout: '',
    stderr: '--url must begin with http:// or https://, as in http://localhost:8081\n'
  })
})

t.test('failed images are listed and retried beside an embedded service', async (t) => {
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const settings = { DATA_DIR: await dataFolder(), ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
  const url = await startService(t, settings).ready()
  const run = commandAt(t, url)
  t.match(await run('check'), /^database: embedded$/m)
  t.equal(await run('failed', 'list'), 'There are no failed images.\n')
  const id = await create(url, [`${origin.url}/missing`])
  await settled(url, id)
  t.match(await run('failed', 'list', '--code', 'http_status'), `${origin.url}/missing`)
  t.equal(await run('failed', 'list', '--code', 'timeout'), 'There are no failed images.\n')
  const again = origin.requested('/missing')
  t.match(await run('failed', 'retry', '--all'), /: 1\n$/)
  await again
  t.match(await run('failed', 'retry', String(id)), /: 1\n$/)
  const oncemore = origin.requested('/missing')
  t.equal(
    await run('failed', 'retry', '--all', '--code', 'timeout'),
    'Failed images that action 1 enqueues again: 0\n'
  )
  await settled(url, id)
  t.equal(
    await run('failed', 'retry', String(id), '--code', 'http_status'),
    'Failed images that action 2 enqueues again: 1\n'
  )
  await oncemore
})

t.test('actions are counted, started, listed and cancelled', async (t) => {
  const settings = { DATA_DIR: await dataFolder(), ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8' }
  const origin = await startOrigin()
  t.teardown(() => origin.stop())
  const url = await startService(t, settings).ready()
  const run = commandAt(t, url)
  t.equal(await run('actions', 'list'), 'There are no actions.\n')
  const id = await create(url, [`${origin.url}/missing`])
  await settled(url, id)
  await run('pause')
  const filter = ['--code', 'http_status', '--host', '127.0.0.1', '--product', String(id), '--text', '404']
  t.equal(await run('actions', 'start', 'retry', ...filter, '--dry-run'), 'Images that match: 1\n')
  t.match(await run('actions', 'start', 'retry', ...filter), /retry.*running/)
  t.match(await run('actions', 'list'), /http_status/)
  t.match(await run('actions', 'cancel', '1'), /cancelled/)
  for (const [args, message] of [
    [['start', 'paint'], /^There is no action paint; there are retry, fail/],
    [['start', 'retry', '--status', 'lost'], /^There is no status lost/],
    [['start'], /^asyncprod actions start/]
  ] as const)
    t.match(await asyncprod(['actions', ...args]), { code: 2, stderr: message })
})

t.test('objects without an image are listed and removed beside an embedded service', async (t) => {
  const DATA_DIR = await dataFolder()
  const key = 'products/1/00000000-0000-4000-8000-000000000000-1-0123456789ab.jpg'
  const path = join(DATA_DIR, 'objects', key)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'a picture')
  await utimes(path, 0, 0)
  const run = commandAt(t, await startService(t, { DATA_DIR }).ready())
  const line = `${key}  9 bytes  1970-01-01T00:00:00.000Z\n`
  t.equal(await run('objects', 'sweep'), `${line}Objects without an image: 1 (--remove removes them)\n`)
  t.equal(await run('objects', 'sweep', '--remove'), `removed ${line}Objects without an image: 1\n`)
  t.equal(await run('objects', 'sweep'), 'Objects without an image: 0\n')
})

t.test('dead letters are listed, shown, replayed and deleted with a key', needsServices, async (t) => {
  const servers = await services(t)
  if (!servers) throw new Error('needs services')
  const settings: Record<string, string> = { ...(await settingsOn(servers)), ROLE: 'api' }
  const url = await startService(t, { ...settings, API_KEYS: KEY }).ready()
  const connection = await connect(servers.rabbitmq.url)
  t.teardown(() => connection.close())
  const channel = await connection.createConfirmChannel()
  const dead = deadQueue(settings.RABBITMQ_IMAGE_QUEUE ?? '')
  for (const messageId of ['one', 'two']) channel.sendToQueue(dead, Buffer.from('{}'), { messageId })
  await channel.waitForConfirms()

  const run = commandAt(t, url, { ASYNCPROD_KEY: KEY })
  t.match(await run('dead', 'list'), /one(.|\n)*two/)
  t.match(await run('dead', 'show', 'two'), /id: 'two'/)
  t.match(await run('check'), /^database: connected\n(.|\n)*rabbitmq: connected$/m)
  t.equal(await run('dead', 'replay', 'one'), 'Sent again: 1\n')
  t.equal(await run('dead', 'purge', '--all'), 'Deleted: 1\n')
  const wrong = await asyncprod(['dead', 'list', '--url', url], { ASYNCPROD_KEY: 'another-key-entirely' })
  t.match(wrong, { code: 1, stderr: /^Credentials|API key/i })
})
