import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import pg from 'pg'
import { type FaultyProxy, startFaultyProxy } from '../support/http/faulty-proxy.ts'
import { type Postgres, startPostgres } from '../support/servers/postgres.ts'
import { type Rabbitmq, startRabbitmq } from '../support/servers/rabbitmq.ts'
import { follow, type Redis, startRedis } from '../support/servers/redis.ts'
import { startS3 } from '../support/servers/s3.ts'
import { settingsOn } from '../support/servers/settings.ts'
import type { Settings } from '../support/service.ts'

export interface QueueState {
  ready: number
  unacknowledged: number
  dead: number
}

/** What the service keeps, as it can be seen without asking the service. */
export interface Stores {
  query<T extends object>(sql: string): Promise<T[]>
  /** The keys in the object store. */
  objects(): Promise<Set<string>>
  /** Null where there is no broker. */
  queues: (() => Promise<QueueState>) | null
}

/** The real servers, with what it takes to break them. */
export interface Servers extends Stores {
  postgres: Postgres
  redis: Redis
  /** Follows `redis`. */
  standby: Redis
  rabbitmq: Rabbitmq
  s3Proxy: FaultyProxy
  queue: string
  databaseUrl: string
  settings: Settings
  stop(): Promise<void>
}

/** A durable PostgreSQL, Redis with a standby, three RabbitMQ nodes, and S3 behind a faulty proxy. */
export async function startServers(): Promise<Servers> {
  const [postgres, redis, standby, rabbitmq, s3] = await Promise.all([
    startPostgres({ durable: true }),
    startRedis(),
    startRedis(),
    startRabbitmq({ nodes: 3 }),
    startS3()
  ])
  await follow(standby, redis)
  const s3Proxy = await startFaultyProxy(s3.endpoint)
  const settings = await settingsOn({ postgres, redis, rabbitmq, s3 })
  const {
    DATABASE_URL: databaseUrl = '',
    RABBITMQ_IMAGE_QUEUE: queue = '',
    AWS_BUCKET_NAME: bucket
  } = settings

  return {
    postgres,
    redis,
    standby,
    rabbitmq,
    s3Proxy,
    queue,
    databaseUrl,
    settings: { ...settings, AWS_ENDPOINT_URL_S3: s3Proxy.url },
    query: (sql) => query(databaseUrl, sql),
    async objects() {
      const keys = new Set<string>()
      for await (const page of paginateListObjectsV2({ client: s3.client }, { Bucket: bucket })) {
        for (const { Key } of page.Contents ?? []) if (Key) keys.add(Key)
      }
      return keys
    },
    queues: async () => queueStates(await rabbitmq.rabbitmqctl(LIST_QUEUES), queue),
    async stop() {
      await s3Proxy.stop()
      await Promise.all([postgres.stop(), redis.stop(), standby.stop(), rabbitmq.stop(), s3.stop()])
    }
  }
}

/** Rows of one statement, over a connection of its own: the database may have been restarted meanwhile. */
export async function query<T extends object>(connectionString: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<T>(sql)
    return rows
  } finally {
    await client.end()
  }
}

const LIST_QUEUES = [
  'list_queues',
  '--quiet',
  '--no-table-headers',
  'name',
  'messages_ready',
  'messages_unacknowledged'
]

function queueStates(printed: string, queue: string): QueueState {
  const lines = printed
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  const find = (name: string) => lines.find(([found]) => found === name) ?? []
  const [, ready, unacknowledged] = find(queue)
  const [, dead] = find(`${queue}.dead`)
  return { ready: Number(ready), unacknowledged: Number(unacknowledged), dead: Number(dead) }
}
