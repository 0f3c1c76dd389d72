import { resolve } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'
import { ConfigError } from '../../../lib/config/error.ts'
import { Settings } from '../../../lib/config/settings.ts'

type Variables = Record<string, string>

/** The message of the error, which must be a ConfigError. */
function refusal(variables: Variables): string {
  try {
    loadConfig(variables)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'nothing is wrong'
}

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

t.test('PostgreSQL by URL, or by its parts', async (t) => {
  const url = (variables: Variables) => loadConfig(variables).database?.connectionString
  t.equal(url({ DATABASE_URL: 'postgres://u:p@h/d', DB_HOST: 'h', DB_NAME: 'x' }), 'postgres://u:p@h/d')
  t.equal(url({ DATABASE_URL: 'postgresql://h/d?sslmode=require' }), 'postgresql://h/d?sslmode=require')
  t.equal(url({ DB_HOST: 'db' }), 'postgres://postgres@db:5432/asyncprod_db')
  const parts = {
    DB_HOST: 'db',
    DB_PORT: '5433',
    DB_USER: 'ada@x',
    DB_PASSWORD: 'a:b/c#d%',
    DB_NAME: 'sh/op'
  }
  t.equal(url(parts), 'postgres://ada%40x:a%3Ab%2Fc%23d%25@db:5433/sh%2Fop')
  t.equal(url({ DB_HOST: '::1' }), 'postgres://postgres@[::1]:5432/asyncprod_db')
  t.equal(
    url({ DB_HOST: '/var/run/postgresql' }),
    'postgres://postgres@%2Fvar%2Frun%2Fpostgresql:5432/asyncprod_db'
  )
})

t.test('Redis by URL, by host and port, or by both in one', async (t) => {
  const url = (variables: Variables) => loadConfig(variables).redis?.url
  t.equal(url({ REDIS_URL: 'rediss://:p@h/2', REDIS_HOST: 'h', REDIS_ADDR: 'h:6379' }), 'rediss://:p@h/2')
  t.equal(url({ REDIS_HOST: 'cache' }), 'redis://cache:6379')
  t.equal(url({ REDIS_HOST: '::1', REDIS_PORT: '7000' }), 'redis://[::1]:7000')
  t.equal(url({ REDIS_HOST: 'cache', REDIS_PASSWORD: 'a@b/c' }), 'redis://:a%40b%2Fc@cache:6379')
  t.equal(url({ REDIS_ADDR: 'cache:7000', REDIS_PASSWORD: 'p' }), 'redis://:p@cache:7000')
  t.equal(url({ REDIS_ADDR: ':6379' }), 'redis://localhost:6379')
})

t.test('RabbitMQ by the URLs of one node or several', async (t) => {
  t.strictSame(loadConfig({ RABBITMQ_URL: 'amqp://a' }).rabbitmq?.urls, ['amqp://a'])
  t.strictSame(loadConfig({ RABBITMQ_URL: 'amqp://a, amqps://b' }).rabbitmq?.urls, ['amqp://a', 'amqps://b'])
})

t.test('a bucket of AWS, or of another server that speaks S3', async (t) => {
  t.strictSame(loadConfig({ AWS_BUCKET_NAME: 'pictures' }).bucket, {
    name: 'pictures',
    region: 'us-east-1',
    credentials: undefined,
    endpoint: undefined,
    forcePathStyle: false
  })
  const other = {
    AWS_S3_BUCKET: 'pictures',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY: 'key',
    AWS_SECRET_KEY: 'secret',
    AWS_ENDPOINT_URL_S3: 'http://minio:9000'
  }
  t.strictSame(loadConfig(other).bucket, {
    name: 'pictures',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    endpoint: 'http://minio:9000',
    forcePathStyle: true
  })
  t.equal(loadConfig({ ...other, S3_FORCE_PATH_STYLE: 'false' }).bucket?.forcePathStyle, false)
})

t.test(
  'a value that cannot be used is refused by the name of its variable, with what it should be',
  async (t) => {
    const refused: [Variables, string][] = [
      [
        { ROLE: 'both' },
        'ROLE=both cannot be used: it must be equal to one of the allowed values: all, api, worker'
      ],
      [
        { LOG_LEVEL: 'INFO' },
        'LOG_LEVEL=INFO cannot be used: it must be equal to one of the allowed values: fatal, error, warn, info, debug, trace, silent'
      ],
      [{ S3_FORCE_PATH_STYLE: 'yes' }, 'S3_FORCE_PATH_STYLE=yes cannot be used: it must be boolean'],
      [
        { CORS_ORIGIN: 'https://a.example, b.example' },
        'CORS_ORIGIN cannot be used: "b.example" is not an origin: write it as https://shop.example, without a path'
      ],
      [
        { PUBLIC_API_URL: 'https://shop.example/sub?x=y' },
        'PUBLIC_API_URL cannot be used: paths are appended to it, so it must not contain ?, # or spaces'
      ],
      [
        { PUBLIC_API_URL: 'https://ada:secret@shop.example/' },
        'PUBLIC_API_URL cannot be used: it must not contain a user name or password'
      ],
      [
        { CORS_ORIGIN: 'https://a.example/' },
        'CORS_ORIGIN cannot be used: "https://a.example/" is not an origin: write it as https://shop.example, without a path'
      ],
      [
        { ALLOWED_SOURCE_NETWORKS: '10.0.0.0' },
        'ALLOWED_SOURCE_NETWORKS cannot be used: "10.0.0.0" is not a network: write it as a CIDR such as 10.1.0.0/16, 192.0.2.7/32 or fd00::/8'
      ],
      [
        { ALLOWED_SOURCE_PORTS: '80,http' },
        'ALLOWED_SOURCE_PORTS cannot be used: "http" is not a port: write a number from 1 to 65535'
      ],
      [{ DB_HOST: 'a b' }, 'DB_HOST cannot be used: it must be a host name or an address'],
      [{ REDIS_HOST: 'a b' }, 'REDIS_HOST cannot be used: it must be a host name or an address'],
      [{ REDIS_ADDR: 'cache:port' }, 'REDIS_ADDR cannot be used: it must be a host name or an address'],
      [
        { AWS_BUCKET_NAME: 'b', AWS_ACCESS_KEY: 'key' },
        'AWS_ACCESS_KEY and AWS_SECRET_KEY belong together: set both, or neither to use the SDK’s own chain'
      ]
    ]
    for (const [variables, message] of refused) t.equal(refusal(variables), message)
  }
)

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

t.test('a URL of another kind is refused, and its password stays out of the message', async (t) => {
  const kinds = {
    DATABASE_URL: 'postgres:// or postgresql://',
    REDIS_URL: 'redis:// or rediss://',
    RABBITMQ_URL: 'amqp:// or amqps://',
    JWKS_URL: 'https:// or http://',
    PUBLIC_BASE_URL: 'http:// or https://'
  }
  for (const [name, kind] of Object.entries(kinds)) {
    for (const value of ['ftp://ada:hunter2@host/', 'hunter2', '//ada:hunter2@host']) {
      t.equal(refusal({ [name]: value }), `${name} cannot be used: it must be a URL that begins with ${kind}`)
    }
  }
  t.equal(
    refusal({ AWS_BUCKET_NAME: 'b', AWS_ENDPOINT_URL_S3: 'ada:hunter2@minio' }),
    'AWS_ENDPOINT_URL_S3 cannot be used: it must be a URL that begins with http:// or https://'
  )
})

t.test('a login with characters that are not encoded is refused with the way to encode them', async (t) => {
  const servers = {
    DATABASE_URL: 'postgres://ada:PASSWORD@db:5432/shop',
    REDIS_URL: 'redis://:PASSWORD@cache:6379/0',
    RABBITMQ_URL: 'amqp://ada:PASSWORD@rabbit:5672/'
  }
  for (const [name, url] of Object.entries(servers)) {
    for (const password of ['hunter#2', '12#34', 'hunter/2', '12/34', 'hunter?2', '12?34', '100%hunter'])
      t.match(
        refusal({ [name]: url.replace('PASSWORD', password) }),
        /^\w+ cannot be used: .*# as %23/,
        password
      )
    for (const password of ['hunter%232', 'hunter@2', 'a:b', 'ü', '%25'])
      t.equal(refusal({ [name]: url.replace('PASSWORD', password) }), 'nothing is wrong', password)
  }
  const url = 'postgres://db/shop?options=-csearch_path%3Dshop&application_name=a@b'
  t.equal(refusal({ DATABASE_URL: url }), 'nothing is wrong')
})

t.test('a URL that paths are appended to has nothing behind its path', async (t) => {
  for (const name of ['PUBLIC_BASE_URL', 'PUBLIC_API_URL', 'AWS_ENDPOINT_URL_S3'])
    for (const end of ['?v=1', '#top', '/my images', '?'])
      t.match(
        refusal({ AWS_BUCKET_NAME: 'b', [name]: `https://cdn.example${end}` }),
        `${name} cannot be used`,
        end
      )
  t.equal(
    loadConfig({ PUBLIC_BASE_URL: 'https://cdn.example/a//' }).images.publicBaseUrl,
    'https://cdn.example/a'
  )
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

t.test('no message contains a secret', async (t) => {
  const refused = [
    { API_KEYS: 'hunter2-hunter2-hunter2,hunter2-hunter2-hunter2' },
    { API_KEYS: 'hunter2-hunter2-hunter2:0' },
    { JWT_SECRET: 'hunter2', JWKS_URL: 'https://hunter2@a.example/' },
    { AWS_BUCKET_NAME: 'b', AWS_SECRET_KEY: 'hunter2' },
    { REDIS_ADDR: 'a b', REDIS_PASSWORD: 'hunter2' },
    { DB_HOST: 'a b', DB_PASSWORD: 'hunter2' },
    { WEBHOOK_URL: 'ftp://hunter2@a.example/', WEBHOOK_SECRET: 'hunter2' }
  ]
  for (const variables of refused) {
    const message = refusal(variables)
    t.not(message, 'nothing is wrong', Object.keys(variables).join())
    t.notMatch(message, 'hunter2')
    t.match(message, new RegExp(`${Object.keys(variables).join('|')}`))
  }
})

t.test('processes that share work refuse parts that cannot be shared', async (t) => {
  for (const ROLE of ['api', 'worker']) {
    t.equal(
      refusal({ ROLE }),
      `ROLE=${ROLE} shares its work with other processes, so it needs real servers: set DATABASE_URL (or DB_HOST), REDIS_URL (or REDIS_HOST), AWS_BUCKET_NAME, or use ROLE=all`
    )
    const servers = { DATABASE_URL: 'postgres://h/d', REDIS_URL: 'redis://h', AWS_BUCKET_NAME: 'b' }
    t.equal(refusal({ ROLE, ...servers }), 'nothing is wrong', 'RabbitMQ is not needed')
  }
})

t.test('a webhook secret that begins with whsec_ is base64 after it', async (t) => {
  const WEBHOOK_URL = 'https://shop.example/hook'
  for (const secret of ['whsec_', 'whsec_not base64', 'whsec_YWJj_w==', 'whsec_YWJ']) {
    t.equal(
      refusal({ WEBHOOK_URL, WEBHOOK_SECRET: secret }),
      'WEBHOOK_SECRET cannot be used: it must be base64 after whsec_'
    )
  }
  for (const secret of ['whsec_YWJj', 'whsec_YWI=', 'any text'])
    t.equal(refusal({ WEBHOOK_URL, WEBHOOK_SECRET: secret }), 'nothing is wrong')
})
