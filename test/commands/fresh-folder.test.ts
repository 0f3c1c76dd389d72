import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { asyncprod } from '../support/cli.ts'
import { createFolder } from '../support/servers/guard.ts'
import { dataFolder } from '../support/service.ts'

t.jobs = 2

for (const command of ['failed list', 'failed retry --all', 'objects sweep', 'urls refresh']) {
  t.test(`${command} in a fresh folder says that nothing is there, and creates nothing`, async (t) => {
    const folder = createFolder('fresh')
    t.strictSame(await asyncprod(command.split(' '), {}, folder), {
      code: 1,
      stdout: '',
      stderr:
        `There is no database in ${join(folder, 'data')}. ` +
        'Set DATA_DIR to the folder of a service, or DATABASE_URL (or DB_HOST) to its server.\n'
    })
    t.strictSame(readdirSync(folder), [])
  })
}

t.test('a server that is away is named, without a stack', async (t) => {
  const AWAY = { STARTUP_TIMEOUT_MS: '500', LOG_LEVEL: 'silent' }
  const bucket = {
    DATA_DIR: await dataFolder(),
    AWS_BUCKET_NAME: 'images',
    AWS_ACCESS_KEY: 'key',
    AWS_SECRET_KEY: 'secret',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1'
  }
  const cases = [
    {
      command: 'failed list',
      settings: { DATABASE_URL: 'postgres://ada:pw@127.0.0.1:1/shop' },
      named: /DATABASE_URL/
    },
    { command: 'objects sweep', settings: bucket, named: /AWS_BUCKET_NAME/ },
    { command: 'dead list', settings: { RABBITMQ_URL: 'amqp://127.0.0.1:1' }, named: /RABBITMQ_URL/ }
  ]
  for (const { command, settings, named } of cases) {
    const { code, stderr } = await asyncprod(command.split(' '), { ...AWAY, ...settings })
    t.equal(code, 1, command)
    t.match(stderr, named)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})
