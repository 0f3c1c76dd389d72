import { type Static, Type } from '@sinclair/typebox'

const text = (description: string) => Type.Optional(Type.String({ description }))

/** Also read from the file that the variable with `_FILE` at its end names. */
const secret = (description: string) => Type.Optional(Type.String({ description, writeOnly: true }))

const number = (minimum: number, maximum: number, value: number, description: string) =>
  Type.Integer({ minimum, maximum, default: value, description })

const port = (value: number, description: string) => number(1, 65_535, value, description)

const milliseconds = (value: number, description: string) => number(1, 86_400_000, value, description)

const oneOf = <const T extends string>(values: T[], value: T, description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, default: value, description })

/** Every environment variable of the service. The README's table and `.env.example` are generated from it. */
export const Settings = Type.Object({
  ROLE: oneOf(['all', 'api', 'worker'], 'all', 'api serves requests, worker processes images, all does both'),
  HOST: Type.String({
    default: '127.0.0.1',
    description: 'Address to listen on; 0.0.0.0 for every interface'
  }),
  PORT: number(0, 65_535, 8080, 'Port to listen on; 0 picks a free one'),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: 'Port on HOST that serves /metrics without a key; for scrapers, not for the public'
    })
  ),
  LOG_LEVEL: oneOf(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'Minimum log level'
  ),
  DATA_DIR: Type.String({
    default: './data',
    description: 'Folder of the embedded database and the embedded object store'
  }),
  NODE_ENV: text('With production, an embedded database must be allowed by EMBEDDED'),
  EMBEDDED: Type.Optional(
    Type.Unsafe<'allowed'>({
      type: 'string',
      enum: ['allowed'],
      description: 'Permits an embedded database although NODE_ENV is production'
    })
  ),

  DATABASE_URL: secret('postgres://user:password@host:5432/name; PostgreSQL 14 or newer'),
  DATABASE_DIRECT_URL: secret(
    'The PostgreSQL server behind a pooler (PgBouncer) in DATABASE_URL, for notifications and migrations'
  ),
  DB_HOST: text('Instead of DATABASE_URL: host of the PostgreSQL server'),
  DB_PORT: port(5432, 'Used with DB_HOST'),
  DB_USER: Type.String({ default: 'postgres', description: 'Used with DB_HOST' }),
  DB_PASSWORD: secret('Used with DB_HOST'),
  DB_NAME: Type.String({ default: 'asyncprod_db', description: 'Used with DB_HOST' }),

  REDIS_URL: secret('redis://:password@host:6379/0 or rediss://…; Redis 6 or newer, not in cluster mode'),
  REDIS_HOST: text('Instead of REDIS_URL: host of the Redis server'),
  REDIS_PORT: port(6379, 'Used with REDIS_HOST'),
  REDIS_ADDR: text('Instead of REDIS_URL: host:port'),
  REDIS_PASSWORD: secret('Used with REDIS_HOST or REDIS_ADDR'),

  RABBITMQ_URL: secret('amqp://user:password@host:5672/; several nodes of a cluster separated by commas'),
  RABBITMQ_IMAGE_QUEUE: Type.String({
    minLength: 1,
    maxLength: 200,
    default: 'image_processing_queue',
    description: 'Queue of image messages; its dead letters go to <queue>.dead'
  }),

  AWS_BUCKET_NAME: text('Bucket for the finished images (also AWS_S3_BUCKET)'),
  AWS_S3_BUCKET: text('Other name of AWS_BUCKET_NAME'),
  AWS_REGION: text('Region of the bucket; default: AWS_DEFAULT_REGION, then us-east-1'),
  AWS_DEFAULT_REGION: text('Region if AWS_REGION is not set'),
  AWS_ACCESS_KEY: secret('Access key; default: the AWS SDK’s credential chain'),
  AWS_SECRET_KEY: secret('Secret key that belongs to AWS_ACCESS_KEY'),
  AWS_SESSION_TOKEN: secret('Session token, if AWS_ACCESS_KEY and AWS_SECRET_KEY are temporary credentials'),
  AWS_ENDPOINT_URL_S3: text('URL of another S3-compatible server'),
  AWS_ENDPOINT_URL: text('Other name of AWS_ENDPOINT_URL_S3'),
  S3_FORCE_PATH_STYLE: Type.Optional(
    Type.Boolean({
      description:
        'Put the bucket into the URL’s path instead of its host name; default: true if an endpoint is set'
    })
  ),
  PUBLIC_BASE_URL: text(
    'Prefix of public image URLs, for example of a CDN; default: the address of the bucket'
  ),
  PRIVATE_BUCKET: Type.Boolean({
    default: false,
    description: 'Images are private: their URLs are signed and expire, see docs/private-images.md'
  }),
  SIGNED_URL_TTL_S: number(
    60,
    302_400,
    3600,
    'With PRIVATE_BUCKET: minimum validity of a URL in seconds; the maximum is twice that'
  ),

  PUBLIC_API_URL: text('Public URL of the service, for example https://shop.example/images behind a proxy'),
  CORS_ORIGIN: text(
    'Origins of pages that may call, comma-separated or *; default: *, or on loopback without login only its own'
  ),

  API_KEYS: secret(
    'Comma-separated keys for x-api-key, 16+ characters: key for all, key:read to read, key:user_id for one'
  ),
  ASYNCPROD_KEY: secret('Key that commands with --url send to the service; the service itself ignores it'),
  JWT_SECRET: secret('Secret that bearer tokens (JWT, HS256 to HS512) are signed with; sub is the user id'),
  JWKS_URL: text('Instead of JWT_SECRET: URL of the public keys of the tokens’ issuer'),
  JWT_ISSUER: text('Required issuer of tokens (iss)'),
  JWT_AUDIENCE: text('Required audience of tokens (aud)'),
  RATE_LIMIT_MAX: number(0, 1_000_000, 0, 'Maximum requests per minute for each caller; 0 sets no limit'),
  TRUST_PROXY: text('Comma-separated CIDRs of proxies whose X-Forwarded-For is trusted'),

  WORKER_CONCURRENCY: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 256,
      description:
        'Images compressed at once; default: one more than there are cores, fewer if memory is short'
    })
  ),
  MAX_ATTEMPTS: number(1, 100, 5, 'Attempts per image before a temporary error becomes permanent'),
  RETRY_BASE_MS: number(
    1,
    600_000,
    2000,
    'Longest wait before the second attempt; doubles each time, up to 10 minutes; jitter takes off up to half'
  ),
  JOB_TIMEOUT_MS: milliseconds(
    120_000,
    'Maximum time for one message; its unfinished images are then enqueued again'
  ),
  SHUTDOWN_GRACE_MS: milliseconds(
    30_000,
    'Maximum time from SIGTERM to the end of the process; running jobs have 70% of it'
  ),
  STARTUP_TIMEOUT_MS: milliseconds(60_000, 'Maximum time that a start waits for a server'),
  MAX_SOURCE_BYTES: number(1024, 1_073_741_824, 26_214_400, 'Maximum size of a source image in bytes'),
  MAX_SOURCE_PIXELS: number(1, 1_000_000_000, 52_000_000, 'Maximum size of a source image in pixels'),
  JPEG_ENCODER: oneOf(
    ['turbo', 'mozjpeg'],
    'turbo',
    'mozjpeg makes files of the same quality smaller and takes more CPU'
  ),
  DOWNLOAD_TIMEOUT_MS: milliseconds(20_000, 'Maximum time for one download, redirects included'),
  SOURCE_USER_AGENT: text(
    'User-Agent of downloads, for origins that only serve browsers; default: AsyncProd and its version'
  ),
  RENDITIONS: text(
    'More sizes and formats of each image, such as thumb:200x200,fit=cover,format=webp;large:1600x,format=avif'
  ),
  PLACEHOLDERS: Type.Boolean({
    default: false,
    description: 'Whether each image gets a ThumbHash and its mean colour, to show while it loads'
  }),
  KEEP_ORIGINALS: Type.Boolean({
    default: false,
    description:
      'Whether sources are kept, never in public, to make images again without a request to their origins'
  }),
  MAX_IMAGES_PER_PRODUCT: number(1, 1000, 20, 'Maximum number of images of a product'),
  MAX_EVENT_STREAMS: number(
    0,
    100_000,
    1000,
    'Maximum number of open event streams of a process; one client gets at most half of them'
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: text('Collector that traces are sent to, for example http://127.0.0.1:4318'),
  WEBHOOK_URL: text(
    'Receiver of product.images.finished; the same in all processes; checked like the URLs of source images'
  ),
  WEBHOOK_SECRET: secret(
    'Secret that webhooks are signed with: whsec_ and base64, or any text (Standard Webhooks)'
  ),
  ALLOWED_SOURCE_NETWORKS: Type.String({
    default: '',
    description: 'Comma-separated CIDRs of private networks for source images and webhooks, on any port'
  }),
  ALLOWED_SOURCE_PORTS: Type.String({
    default: '80,443',
    description: 'Comma-separated ports that may be downloaded from'
  })
})

export type Settings = Static<typeof Settings>

export const SECRETS = Object.entries(Settings.properties)
  .filter(([, schema]) => 'writeOnly' in schema)
  .map(([name]) => name)
