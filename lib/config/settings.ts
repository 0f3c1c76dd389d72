import { type Static, Type } from '@sinclair/typebox'

const milliseconds = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: value, description })

const oneOf = <const T extends string>(values: T[], value: T, description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, default: value, description })

/** Every environment variable the service knows, with its default. The README's table and `.env.example` are made of it. */
export const Settings = Type.Object({
  ROLE: oneOf(['all', 'api', 'worker'], 'all', 'api serves requests, worker processes images, all does both'),
  HOST: Type.String({
    default: '127.0.0.1',
    description: 'Address to listen on; 0.0.0.0 for every interface'
  }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65535,
    default: 8080,
    description: 'Port to listen on; 0 picks a free one'
  }),
  LOG_LEVEL: oneOf(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'Minimum log level'
  ),
  DATA_DIR: Type.String({
    default: './data',
    description: 'Where the embedded database and object store keep their files'
  }),

  DATABASE_URL: Type.Optional(
    Type.String({ description: 'postgres://user:password@host:5432/name; PostgreSQL 14 or newer' })
  ),
  DB_HOST: Type.Optional(
    Type.String({ description: 'Instead of DATABASE_URL: host of the PostgreSQL server' })
  ),
  DB_PORT: Type.Integer({ minimum: 1, maximum: 65535, default: 5432, description: 'Used with DB_HOST' }),
  DB_USER: Type.String({ default: 'postgres', description: 'Used with DB_HOST' }),
  DB_PASSWORD: Type.Optional(Type.String({ description: 'Used with DB_HOST' })),
  DB_NAME: Type.String({ default: 'asyncprod_db', description: 'Used with DB_HOST' }),

  REDIS_URL: Type.Optional(
    Type.String({ description: 'redis://:password@host:6379/0 or rediss://…; Redis 6 or newer' })
  ),
  REDIS_HOST: Type.Optional(Type.String({ description: 'Instead of REDIS_URL: host of the Redis server' })),
  REDIS_PORT: Type.Integer({
    minimum: 1,
    maximum: 65535,
    default: 6379,
    description: 'Used with REDIS_HOST'
  }),
  REDIS_ADDR: Type.Optional(Type.String({ description: 'Instead of REDIS_URL: host:port in one' })),
  REDIS_PASSWORD: Type.Optional(Type.String({ description: 'Used with REDIS_HOST or REDIS_ADDR' })),

  RABBITMQ_URL: Type.Optional(
    Type.String({
      description: 'amqp://user:password@host:5672/; several nodes of a cluster separated by commas'
    })
  ),
  RABBITMQ_IMAGE_QUEUE: Type.String({
    minLength: 1,
    maxLength: 200,
    default: 'image_processing_queue',
    description: 'Queue of image messages; its dead letters go to <queue>.dead'
  }),

  AWS_BUCKET_NAME: Type.Optional(
    Type.String({ description: 'Bucket for the finished images (also AWS_S3_BUCKET)' })
  ),
  AWS_S3_BUCKET: Type.Optional(Type.String({ description: 'Other name of AWS_BUCKET_NAME' })),
  AWS_REGION: Type.Optional(
    Type.String({ description: 'Region of the bucket; by default AWS_DEFAULT_REGION, then us-east-1' })
  ),
  AWS_DEFAULT_REGION: Type.Optional(Type.String({ description: 'Region where AWS_REGION is not set' })),
  AWS_ACCESS_KEY: Type.Optional(
    Type.String({ description: 'Access key; without it the AWS SDK looks in its usual places' })
  ),
  AWS_SECRET_KEY: Type.Optional(Type.String({ description: 'Secret key that belongs to AWS_ACCESS_KEY' })),
  AWS_SESSION_TOKEN: Type.Optional(
    Type.String({
      description: 'Session token of temporary credentials in AWS_ACCESS_KEY and AWS_SECRET_KEY'
    })
  ),
  AWS_ENDPOINT_URL_S3: Type.Optional(
    Type.String({ description: 'Address of another server that speaks S3' })
  ),
  AWS_ENDPOINT_URL: Type.Optional(Type.String({ description: 'Other name of AWS_ENDPOINT_URL_S3' })),
  S3_FORCE_PATH_STYLE: Type.Optional(
    Type.Boolean({
      description: 'Bucket in the path instead of the host name; on by itself when an endpoint is set'
    })
  ),
  PUBLIC_BASE_URL: Type.Optional(
    Type.String({ description: 'What public image URLs begin with, for example a CDN' })
  ),

  PUBLIC_API_URL: Type.Optional(
    Type.String({
      description:
        'URL of the service for its clients, for example https://shop.example/images behind a proxy'
    })
  ),

  CORS_ORIGIN: Type.Optional(
    Type.String({
      description:
        'Origins that browsers may call from: * or a comma-separated list. By default *, but only the own origin on a loopback HOST without credentials'
    })
  ),

  API_KEYS: Type.Optional(
    Type.String({
      description:
        'Comma-separated keys that callers send as x-api-key or bearer token: key, without a colon, acts for all users, key:user_id for one'
    })
  ),
  JWT_SECRET: Type.Optional(
    Type.String({
      description: 'Secret that bearer tokens (JWT, HS256 to HS512) are signed with; sub is the user id'
    })
  ),
  JWKS_URL: Type.Optional(
    Type.String({
      description: 'Instead of JWT_SECRET: where the public keys of the tokens’ issuer are published'
    })
  ),
  JWT_ISSUER: Type.Optional(Type.String({ description: 'Who must have issued a token (iss)' })),
  JWT_AUDIENCE: Type.Optional(Type.String({ description: 'Whom a token must be meant for (aud)' })),
  RATE_LIMIT_MAX: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 0,
    description: 'Requests a minute that one caller may send; 0 sets no limit'
  }),
  TRUST_PROXY: Type.Optional(
    Type.String({
      description: 'Comma-separated CIDRs of proxies whose X-Forwarded-For is believed'
    })
  ),

  WORKER_CONCURRENCY: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 256,
      description: 'Images compressed at once; by default fitted to cores and memory'
    })
  ),
  MAX_ATTEMPTS: Type.Integer({
    minimum: 1,
    maximum: 100,
    default: 5,
    description: 'Attempts at an image before a temporary error becomes permanent'
  }),
  RETRY_BASE_MS: milliseconds(2000, 'Wait before the second attempt; doubles with each further one'),
  JOB_TIMEOUT_MS: milliseconds(
    120_000,
    'Maximum time for one message; its unfinished images are then enqueued again'
  ),
  SHUTDOWN_GRACE_MS: milliseconds(30_000, 'Time for running work to end after SIGTERM'),
  STARTUP_TIMEOUT_MS: milliseconds(60_000, 'How long a start waits for a server that is not up yet'),
  MAX_SOURCE_BYTES: Type.Integer({
    minimum: 1024,
    maximum: 1_073_741_824,
    default: 26_214_400,
    description: 'Largest source image in bytes'
  }),
  MAX_SOURCE_PIXELS: Type.Integer({
    minimum: 1,
    maximum: 1_000_000_000,
    default: 52_000_000,
    description: 'Largest source image in pixels'
  }),
  DOWNLOAD_TIMEOUT_MS: milliseconds(20_000, 'Longest time one download may take, redirects included'),
  MAX_IMAGES_PER_PRODUCT: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 20,
    description: 'Images one product may have'
  }),
  MAX_EVENT_STREAMS: Type.Integer({
    minimum: 0,
    maximum: 100_000,
    default: 1000,
    description:
      'Clients that may wait for images over server-sent events at once, in each process; one caller with credentials has half of them at most'
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({ description: 'Collector that traces are sent to, for example http://127.0.0.1:4318' })
  ),
  WEBHOOK_URL: Type.Optional(
    Type.String({
      description: 'Is sent product.images.finished, signed; guarded like the URLs of source images'
    })
  ),
  WEBHOOK_SECRET: Type.Optional(
    Type.String({
      description: 'What webhooks are signed with: whsec_ and base64, or any text (Standard Webhooks)'
    })
  ),
  ALLOWED_SOURCE_NETWORKS: Type.String({
    default: '',
    description:
      'Comma-separated CIDRs that may be downloaded from, on any port, although they are not public'
  }),
  ALLOWED_SOURCE_PORTS: Type.String({
    default: '80,443',
    description: 'Comma-separated ports that may be downloaded from'
  })
})

export type Settings = Static<typeof Settings>
