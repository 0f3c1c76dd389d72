import t from 'tap'
import { loadConfig } from '../../../lib/config/config.ts'

type Variables = Record<string, string>

const URL = 'postgres://ada:pw@db:5432/shop'
const SHARED = { DATABASE_URL: URL, REDIS_URL: 'redis://cache', AWS_BUCKET_NAME: 'pictures' }

const REFUSED: [Variables, string][] = [
  [{ DATABSE_URL: URL }, 'DATABSE_URL is not a setting: did you mean DATABASE_URL? Rename it, or unset it'],
  [{ DATABASE_URI: URL }, 'DATABASE_URI is not a setting: did you mean DATABASE_URL? Rename it, or unset it'],
  [{ REDIS_ULR: 'x' }, 'REDIS_ULR is not a setting: did you mean REDIS_URL? Rename it, or unset it'],
  [{ RABITMQ_URL: 'x' }, 'RABITMQ_URL is not a setting: did you mean RABBITMQ_URL? Rename it, or unset it'],
  [
    { AWS_BUKET_NAME: 'x' },
    'AWS_BUKET_NAME is not a setting: did you mean AWS_BUCKET_NAME? Rename it, or unset it'
  ],
  [{ webhook_url: 'x' }, 'webhook_url is not a setting: did you mean WEBHOOK_URL? Rename it, or unset it'],
  [{ JWKS_URI: 'x' }, 'JWKS_URI is not a setting: did you mean JWKS_URL? Rename it, or unset it'],
  [{ DBHOST: 'db' }, 'DBHOST is not a setting: did you mean DB_HOST? Rename it, or unset it'],
  [
    { DB_HOST: 'db', DB_PASSWORD_FILLE: 'x' },
    'DB_PASSWORD_FILLE is not a setting: did you mean DB_PASSWORD_FILE? Rename it, or unset it'
  ],
  [{ DB_PASSWORD: 'pw' }, 'DB_PASSWORD has no effect without DB_HOST or DATABASE_URL: set that, too'],
  [{ DB_PORT: '5433' }, 'DB_PORT has no effect without DB_HOST or DATABASE_URL: set that, too'],
  [
    { DATABASE_DIRECT_URL: URL },
    'DATABASE_DIRECT_URL has no effect without DB_HOST or DATABASE_URL: set that, too'
  ],
  [
    { REDIS_PASSWORD: 'pw' },
    'REDIS_PASSWORD has no effect without REDIS_HOST or REDIS_ADDR or REDIS_URL: set that, too'
  ],
  [
    { RABBITMQ_IMAGE_QUEUE: 'images' },
    'RABBITMQ_IMAGE_QUEUE has no effect without RABBITMQ_URL: set that, too'
  ],
  [
    { AWS_ACCESS_KEY: 'a', AWS_SECRET_KEY: 'pw' },
    'AWS_ACCESS_KEY has no effect without AWS_BUCKET_NAME or AWS_S3_BUCKET: set that, too'
  ],
  [{ WEBHOOK_SECRET: 'pw' }, 'WEBHOOK_SECRET has no effect without WEBHOOK_URL: set that, too'],
  [
    { JWT_ISSUER: 'https://id.example' },
    'JWT_ISSUER and JWT_AUDIENCE have no effect without JWT_SECRET or JWKS_URL: set one of these'
  ],
  [
    { DATABASE_URL: URL, DB_HOST: 'other' },
    'DATABASE_URL and DB_HOST name different servers: unset one of them'
  ],
  [
    { REDIS_HOST: 'cache', REDIS_ADDR: 'cache:7000' },
    'REDIS_HOST and REDIS_ADDR name different servers: unset one of them'
  ],
  [
    { AWS_BUCKET_NAME: 'one', AWS_S3_BUCKET: 'two' },
    'AWS_BUCKET_NAME and AWS_S3_BUCKET name different buckets: unset one of them'
  ],
  [
    { JWT_SECRET: 'pw', JWKS_URL: 'https://id.example' },
    'JWT_SECRET and JWKS_URL exclude each other: set the one that your issuer uses'
  ],
  [
    { API_KEYS: 'pw', API_KEYS_FILE: '/run/secrets/keys' },
    'API_KEYS and API_KEYS_FILE exclude each other: unset one of them'
  ],
  [
    { API_KEYS_FILE: '/dev/null/keys' },
    "API_KEYS_FILE cannot be used: ENOTDIR: not a directory, open '/dev/null/keys'"
  ],
  [{ API_KEYS_FILE: '/dev/null' }, 'API_KEYS_FILE cannot be used: /dev/null is empty'],
  [
    { JOB_TIMEOUT_MS: '5000' },
    'JOB_TIMEOUT_MS=5000 is shorter than DOWNLOAD_TIMEOUT_MS=20000, and a job contains downloads: change one of them'
  ],
  [
    { NODE_ENV: 'production', DATA_DIR: '/data' },
    'NODE_ENV=production needs a database: set DATABASE_URL (or DB_HOST), or EMBEDDED=allowed to keep products in /data'
  ],
  [
    { EMBEDDED: 'yes' },
    'EMBEDDED=yes cannot be used: it must be equal to one of the allowed values: allowed'
  ],
  [
    { ...SHARED, REDIS_URL: '', ROLE: 'worker' },
    'ROLE=worker shares its work with other processes, so it needs real servers: ' +
      'set REDIS_URL (or REDIS_HOST), or use ROLE=all'
  ]
]

for (const [variables, message] of REFUSED) {
  t.test(`${Object.keys(variables)} stops the start, and the message says why`, async (t) => {
    t.throws(() => loadConfig(variables), { name: 'ConfigError', message })
  })
}

t.test('settings that name the same server, and what is allowed, start', async (t) => {
  const accepted: Variables[] = [
    { ...SHARED, NODE_ENV: 'production', ROLE: 'api' },
    { NODE_ENV: 'production', EMBEDDED: 'allowed' },
    { NODE_ENV: 'production', DB_HOST: 'db' },
    { DATABASE_URL: URL, DB_HOST: 'db', DB_PASSWORD: 'pw' },
    { REDIS_HOST: 'cache', REDIS_ADDR: 'cache:6379', REDIS_PASSWORD: 'pw' },
    { AWS_BUCKET_NAME: 'one', AWS_S3_BUCKET: 'one' },
    { JOB_TIMEOUT_MS: '5000', DOWNLOAD_TIMEOUT_MS: '5000' }
  ]
  for (const variables of accepted) t.doesNotThrow(() => loadConfig(variables), Object.keys(variables).join())
})

t.test('a secret is read from the file that its other variable names, without the line break', async (t) => {
  const folder = t.testdir({ password: 'p@ss\n', keys: 'a-key-of-16-characters:7\r\n' })
  const { database, auth } = loadConfig({
    DB_HOST: 'db',
    DB_PASSWORD_FILE: `${folder}/password`,
    API_KEYS_FILE: `${folder}/keys`
  })
  t.equal(database?.connectionString, 'postgres://postgres:p%40ss@db:5432/asyncprod_db')
  t.ok(auth?.keys)
})
