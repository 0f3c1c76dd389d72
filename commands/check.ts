import { parseArgs } from 'node:util'
import { connect } from 'amqplib'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Config } from '../lib/config/config.ts'
import { ConfigError } from '../lib/config/error.ts'
import { reasonOf } from '../lib/log/log.ts'
import { S3Store } from '../lib/s3.ts'

export const usage =
  'asyncprod check                        asks every server that the settings name whether it is there'

const TIMEOUT_MS = 5000

interface Server {
  name: string
  /** Where its address comes from, for whoever has to put it right. */
  setting: string
  /** Null where the settings name none, and the embedded part is used. */
  ask: (() => Promise<unknown>) | null
}

/** `asyncprod check`: whether a start with these settings would find its servers. Changes nothing anywhere. */
export async function check(config: Config, args: string[]): Promise<void> {
  parseArgs({ args })
  const servers = serversOf(config)
  const answers = await Promise.allSettled(servers.map(async ({ ask }) => ask?.()))
  const wrong = servers.filter(({ name, setting, ask }, i) => {
    const answer = answers[i]
    const failed = answer?.status === 'rejected'
    const state = failed
      ? `cannot be used: ${reasonOf(answer.reason)}. Is it running, and is ${setting} right?`
      : ask
        ? 'can be used'
        : 'is embedded'
    console.log(`${name.padEnd(12)} ${state}`)
    return failed
  })
  if (wrong.length > 0)
    throw new ConfigError(`These settings are not ready: ${wrong.map(({ name }) => name).join(', ')}`)
  console.log(`ROLE=${config.role} can start`)
}

function serversOf(config: Config): Server[] {
  const {
    database,
    redis,
    rabbitmq,
    bucket,
    images: { publicBaseUrl }
  } = config
  return [
    {
      name: 'PostgreSQL',
      setting: 'DATABASE_URL (or DB_HOST and friends)',
      ask: database && (() => askPostgres(database.connectionString))
    },
    { name: 'Redis', setting: 'REDIS_URL (or REDIS_HOST)', ask: redis && (() => askRedis(redis.url)) },
    {
      name: 'RabbitMQ',
      setting: 'RABBITMQ_URL',
      ask: rabbitmq && (() => Promise.any(rabbitmq.urls.map(askRabbitmq)))
    },
    {
      name: 'Object store',
      setting: 'AWS_BUCKET_NAME (with its region, keys and endpoint)',
      ask:
        bucket &&
        (() => using(new S3Store(bucket, { sockets: 1, publicBaseUrl }), (objects) => objects.ping()))
    }
  ]
}

async function askPostgres(connectionString: string): Promise<void> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS
  })
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end()
  }
}

async function askRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null
  })
  // What `connect` rejects with says only that there is no connection; the reason is in the event before it.
  let reason: Error | undefined
  redis.on('error', (error) => {
    reason = error
  })
  try {
    await redis.connect()
    await redis.ping()
  } catch (error) {
    throw reason ?? error
  } finally {
    redis.disconnect()
  }
}

async function askRabbitmq(url: string): Promise<void> {
  const connection = await connect(url, { timeout: TIMEOUT_MS })
  await connection.close()
}

async function using<T extends { close(): Promise<void> }>(
  part: T,
  ask: (part: T) => Promise<unknown>
): Promise<void> {
  try {
    await ask(part)
  } finally {
    await part.close()
  }
}
