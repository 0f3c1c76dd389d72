import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t from 'tap'
import { loadConfig } from '../lib/config/config.ts'
import { buildTestApp, LogStream } from './support/app.ts'
import { createFolder } from './support/servers/guard.ts'
import { sharedPostgres } from './support/servers/shared.ts'

// Starts the service as a process, several times.
t.setTimeout(600_000)

const KEY = 'hunter2-hunter2-all'
const SECRET = 'hunter2-jwt-secret-of-32-characters'

t.test('credentials are in no log line, no reply, no document', async (t) => {
  const stream = new LogStream()
  const variables = {
    API_KEYS: `${KEY},hunter2-key-of-ada:1`,
    JWT_SECRET: SECRET,
    WEBHOOK_URL: 'https://hooks.invalid',
    WEBHOOK_SECRET: 'hunter2-webhook'
  }
  const app = await buildTestApp(t, variables, { logger: { level: 'trace', stream } })
  const seen: string[] = []
  for (const headers of [
    { 'x-api-key': KEY },
    { 'x-api-key': 'hunter2-wrong' },
    { authorization: `Bearer ${KEY}` },
    { authorization: 'Bearer hunter2-wrong' },
    { 'x-api-key': KEY, 'idempotency-key': 'once' }
  ]) {
    for (const request of [
      { url: '/api/v1/products' },
      { url: '/api/v1/products/77' },
      { url: '/metrics' },
      { url: '/nowhere' },
      {
        url: '/api/v1/products',
        method: 'POST',
        payload: { user_id: 1, product_name: 'x', product_price: 1 }
      },
      { url: '/api/v1/products', method: 'POST', payload: 'no json' }
    ] as const) {
      const reply = await app.inject({ ...request, headers })
      seen.push(inspect(reply.headers), reply.body)
    }
  }
  for (const url of [
    '/documentation',
    '/documentation/static/swagger-initializer.js',
    '/openapi.json',
    '/health/ready'
  ])
    seen.push((await app.inject(url)).body)
  const { rows } = await app.pg.query('SELECT * FROM idempotency_keys')
  t.equal(rows.length, 1)
  seen.push(inspect(rows), inspect(stream.entries, { depth: null }))
  t.strictSame(
    seen.filter((text) => text.includes('hunter2')),
    []
  )
})

t.test('a server that cannot be reached is named without its password', async (t) => {
  const postgres = process.env.TEST_SERVICES === 'none' ? undefined : await sharedPostgres(t)
  const DATABASE_URL = (await postgres?.createDatabase()) ?? ''
  const DATA_DIR = createFolder('secrets')
  t.teardown(() => rm(DATA_DIR, { recursive: true, force: true }))
  const start = (variables: Record<string, string>) =>
    spawnSync(process.execPath, ['server.ts'], {
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '..'),
      env: {
        ...process.env,
        DATA_DIR,
        DATABASE_URL,
        PORT: '0',
        LOG_LEVEL: 'trace',
        STARTUP_TIMEOUT_MS: '500',
        ...variables
      }
    })
  const keys = { AWS_ACCESS_KEY: 'a', AWS_SECRET_KEY: 'hunter2', AWS_BUCKET_NAME: 'images' }
  for (const [setting, variables] of Object.entries({
    DATABASE_URL: { DATABASE_URL: 'postgres://ada:hunter2@127.0.0.1:1/shop' },
    RABBITMQ_URL: { RABBITMQ_URL: 'amqp://ada:hunter2@127.0.0.1:1/' },
    // A start does not wait for Redis; it logs that it is away.
    AWS_BUCKET_NAME: {
      ...keys,
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
      REDIS_URL: 'redis://:hunter2@127.0.0.1:1/0'
    }
  })) {
    const { status, stdout, stderr } = start(variables)
    t.equal(status, 1, `${setting} stops the start`)
    t.match(stderr, setting)
    t.notMatch(stdout + stderr, /hunter2/)
  }
})

t.test('a setting that cannot be used is named without its value where that may be secret', async (t) => {
  for (const variables of [
    { DATABASE_URL: 'hunter2' },
    { REDIS_URL: 'http://:hunter2@redis' },
    { RABBITMQ_URL: 'amqp://a:hunter2@b/,hunter2' },
    { API_KEYS: 'hunter2-hunter2-hunter2,hunter2-hunter2-hunter2' },
    { API_KEYS: 'hunter2:0' },
    { JWKS_URL: 'ftp://hunter2@id.example' },
    { JWT_SECRET: 'hunter2', JWKS_URL: 'https://id.example/hunter2' },
    { WEBHOOK_URL: 'hunter2' },
    // Neither is ever sent: one would come back in an error of fetch, the others in the URLs of finished
    // images.
    { JWKS_URL: 'https://ada:hunter2@id.example/keys' },
    { AWS_ENDPOINT_URL_S3: 'http://ada:hunter2@minio:9000', AWS_BUCKET_NAME: 'images' },
    { PUBLIC_BASE_URL: 'https://hunter2@cdn.example' }
  ]) {
    const [setting = ''] = Object.keys(variables)
    t.throws(() => loadConfig(variables), { message: new RegExp(`^(?!.*hunter2).*${setting}`) }, setting)
  }
})
