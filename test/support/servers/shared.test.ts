import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import pg from 'pg'
import t from 'tap'
import { askHost, hostSocket } from './host-socket.ts'
import { needsOwn, needsServices } from './needs.ts'
import { descendants, isAlive } from './process-tree.ts'
import { services, sharedPostgres, sharedS3 } from './shared.ts'

t.test('the test files of a run share four servers', needsServices, async (t) => {
  const first = await services(t)
  const second = await services(t)

  t.strictSame(
    [second?.postgres.url, second?.redis.url, second?.rabbitmq.url, second?.s3.endpoint],
    [first?.postgres.url, first?.redis.url, first?.rabbitmq.url, first?.s3.endpoint]
  )
})

t.test(
  'databases and buckets on shared servers go with the test that made them',
  needsServices,
  async (t) => {
    const created = { database: '', bucket: '' }
    await t.test('creates', async (t) => {
      created.database = await (await sharedPostgres(t)).createDatabase()
      created.bucket = await (await sharedS3(t)).createBucket()
    })

    await t.rejects(new pg.Client({ connectionString: created.database }).connect(), { code: '3D000' })
    const s3 = await sharedS3(t)
    await t.rejects(s3.client.send(new HeadBucketCommand({ Bucket: created.bucket })), { name: 'NotFound' })
  }
)

t.test('the shared servers end when the run is interrupted', needsOwn('redis'), async (t) => {
  const tap = spawn('sleep', ['600'])
  const number = Number(tap.pid)
  const host = spawn(process.execPath, [join(import.meta.dirname, './host.ts'), `${number}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc']
  })
  const exited = once(host, 'exit')
  await once(host, 'message')
  await askHost('/redis', number)
  const started = descendants(Number(host.pid))
  t.ok(started.length > 1)

  tap.kill('SIGKILL')
  await exited

  while (started.some(isAlive)) await delay(20)
  t.notOk(existsSync(hostSocket(number)))
})
