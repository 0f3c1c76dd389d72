import { resolve } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'
import { Settings } from '../../../lib/config/settings.ts'
import { refusal } from './refusal.ts'

const DEFAULTS = loadConfig({})

t.test('the schema of the settings is one', async (t) => {
  t.ok(new Ajv().validateSchema(Settings))
})

t.test('with no settings at all everything is embedded', async (t) => {
  const { database, redis, rabbitmq, bucket, auth, webhook, tracing } = DEFAULTS
  for (const part of [database, redis, rabbitmq, bucket, auth, webhook, tracing]) t.equal(part, null)
})

t.test('the defaults of the contract', async (t) => {
  t.match(DEFAULTS, {
    role: 'all',
    logLevel: 'info',
    dataDir: resolve('data'),
    shutdownGraceMs: 30_000,
    server: { host: '127.0.0.1', port: 8080, corsOrigin: null, publicUrl: null },
    sources: { networks: [], ports: [80, 443] },
    images: {
      maxPerProduct: 20,
      maxSourceBytes: 26_214_400,
      maxSourcePixels: 52_000_000,
      jpegEncoder: 'turbo',
      downloadTimeoutMs: 20_000,
      retry: { maxAttempts: 5, baseMs: 2000 }
    }
  })
  t.equal(loadConfig({ RABBITMQ_URL: 'amqp://host' }).rabbitmq?.queue, 'image_processing_queue')
})

t.test('empty and blank mean not set, for every setting', async (t) => {
  for (const value of ['', ' ', '\t']) {
    const variables = Object.fromEntries(Object.keys(Settings.properties).map((name) => [name, value]))
    t.strictSame(loadConfig(variables), DEFAULTS)
  }
})

t.test('variables nobody knows are left alone', async (t) => {
  t.strictSame(loadConfig({ PATH: '/bin', __proto__: 'x', constructor: 'y' }), DEFAULTS)
})

t.test('numbers keep to their limits, and to being numbers', async (t) => {
  const around = {
    ...{ DB_HOST: 'db', REDIS_HOST: 'cache', PRIVATE_BUCKET: 'true' },
    ...{ DOWNLOAD_TIMEOUT_MS: '1', JOB_TIMEOUT_MS: '86400000' }
  }
  for (const [name, schema] of Object.entries(Settings.properties)) {
    if (schema.type !== 'integer') continue
    const { minimum, maximum } = schema
    for (const value of [minimum, maximum])
      t.equal(refusal({ ...around, [name]: String(value) }), 'nothing is wrong', name)
    const refused = {
      [String(Number(minimum) - 1)]: `it must be >= ${minimum}`,
      [String(Number(maximum) + 1)]: `it must be <= ${maximum}`,
      Infinity: `it must be <= ${maximum}`,
      '1e400': `it must be <= ${maximum}`,
      '1.5': 'it must be integer',
      NaN: 'it must be integer',
      '2s': 'it must be integer'
    }
    for (const [value, reason] of Object.entries(refused)) {
      t.equal(refusal({ [name]: value }), `${name}=${value} cannot be used: ${reason}`)
    }
  }
})

t.test('downloads name the service and its version, or what a header can hold', async (t) => {
  const userAgent = (SOURCE_USER_AGENT?: string) => loadConfig({ SOURCE_USER_AGENT }).images.userAgent
  t.match(userAgent(), /^AsyncProd\/\d+\.\d+\.\d+$/)
  t.equal(userAgent(' Mozilla/5.0 (X11; Linux x86_64) '), 'Mozilla/5.0 (X11; Linux x86_64)')
  for (const SOURCE_USER_AGENT of ['a\r\nx-forwarded-for: ::1', 'a\0', 'Größe', '\x7f'])
    t.equal(
      refusal({ SOURCE_USER_AGENT }),
      'SOURCE_USER_AGENT cannot be used: it must consist of printable ASCII characters'
    )
})

t.test('processes that share work refuse parts that cannot be shared', async (t) => {
  for (const ROLE of ['api', 'worker']) {
    t.equal(
      refusal({ ROLE }),
      `ROLE=${ROLE} shares its work with other processes, so it needs real servers: ` +
        'set DATABASE_URL (or DB_HOST), REDIS_URL (or REDIS_HOST), AWS_BUCKET_NAME, or use ROLE=all'
    )
    const servers = { DATABASE_URL: 'postgres://h/d', REDIS_URL: 'redis://h', AWS_BUCKET_NAME: 'b' }
    t.equal(refusal({ ROLE, ...servers }), 'nothing is wrong', 'RabbitMQ is not needed')
  }
})
