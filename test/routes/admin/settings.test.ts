import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'
import { SECRETS } from '../../../lib/config/settings.ts'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { createFolder } from '../../support/servers/guard.ts'

const URL = '/api/v1/admin/settings'
const KEY = 'key-of-operations'

t.test('an operator sees what is set and what has its default', async (t) => {
  const app = await buildTestApp(t, {
    API_KEYS: KEY,
    MAX_ATTEMPTS: '3',
    WEBHOOK_URL: 'https://hooks.example/a?k=1'
  })
  const call = await documented(app)
  const response = await call({ url: URL, headers: { 'x-api-key': KEY } })
  const of = (name: string) => {
    const { description, ...setting } = response
      .json()
      .settings.find((one: { name: string }) => one.name === name)
    return setting
  }
  t.strictSame(
    ['MAX_ATTEMPTS', 'RETRY_BASE_MS', 'API_KEYS', 'JWT_SECRET', 'JWKS_URL', 'WEBHOOK_URL'].map(of),
    [
      { name: 'MAX_ATTEMPTS', source: 'set', is_secret: false, value: '3' },
      { name: 'RETRY_BASE_MS', source: 'default', is_secret: false, value: '2000' },
      { name: 'API_KEYS', source: 'set', is_secret: true, value: null },
      { name: 'JWT_SECRET', source: 'default', is_secret: true, value: null },
      { name: 'JWKS_URL', source: 'default', is_secret: false, value: null },
      { name: 'WEBHOOK_URL', source: 'set', is_secret: false, value: 'https://hooks.example/…' }
    ]
  )
  t.notMatch(response.body, KEY)
})

t.test('no secret is ever shown, set or read from a file', (t) => {
  const settings = {
    ...{ DATABASE_URL: 'postgres://u:secret@db/a', DATABASE_DIRECT_URL: 'postgres://u:secret@db2/a' },
    ...{ REDIS_URL: 'redis://:secret@cache', RABBITMQ_URL: 'amqp://u:secret@queue' },
    ...{
      AWS_BUCKET_NAME: 'b',
      AWS_ACCESS_KEY: 'secret',
      AWS_SECRET_KEY: 'secret',
      AWS_SESSION_TOKEN: 'secret'
    },
    ...{ API_KEYS: 'secret-of-sixteen-characters', JWT_SECRET: 'secret of thirty-two characters, or more' },
    ...{ WEBHOOK_URL: 'https://hooks.example/services/secret', ASYNCPROD_KEY: 'secret' }
  }
  const WEBHOOK_SECRET_FILE = join(createFolder('secret'), 'secret')
  writeFileSync(WEBHOOK_SECRET_FILE, 'secret')
  for (const given of [
    { ...settings, WEBHOOK_SECRET_FILE },
    { DB_HOST: 'db', DB_PASSWORD: 'secret', REDIS_HOST: 'cache', REDIS_PASSWORD: 'secret' }
  ]) {
    const { shown } = loadConfig(given)
    const secrets = shown.filter(({ is_secret, source }) => is_secret && source !== 'default')
    t.strictSame(
      secrets.map(({ name }) => name),
      SECRETS.filter((name) => name in given || `${name}_FILE` in given)
    )
    t.notMatch(shown.map(({ value }) => value).join(), 'secret')
  }
  t.equal(SECRETS.length, 13, 'a new secret belongs into this test')
  t.end()
})
