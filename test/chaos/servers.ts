import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import pg from 'pg'
import { type FaultyProxy, startFaultyProxy } from '../support/http/faulty-proxy.ts'
import { type Postgres, startPostgres } from '../support/servers/postgres.ts'
import { type Rabbitmq, startRabbitmq } from '../support/servers/rabbitmq.ts'
import { type Redis, startRedis } from '../support/servers/redis.ts'
import { startS3 } from '../support/servers/s3.ts'
import type { Settings } from './member.ts'
import type { QueueState, World } from './world.ts'

/** The real servers, with their switches for killing. */
export interface Servers extends World {
  postgres: Postgres
  redis: Redis
  rabbitmq: Rabbitmq
  s3Proxy: FaultyProxy
  queue: string
  settings: Settings
  stop(): Promise<void>
}

const REGION = 'us-east-1'

/** Private PostgreSQL that keeps what it committed, Redis, a cluster of three RabbitMQ nodes, and S3 behind a faulty proxy. */
export async function startServers(): Promise<Servers> {
  const [postgres, redis, rabbitmq, s3] = await Promise.all([
    startPostgres({ durable: true }),
    startRedis(),
    startRabbitmq({ nodes: 3 }),
    startS3()
  ])
  const s3Proxy = await startFaultyProxy(s3.endpoint)
  const bucket = await s3.createBucket()
  const databaseUrl = await postgres.createDatabase()
  const queue = 'image_processing_queue'

  return {
    postgres,
    redis,
    rabbitmq,
    s3Proxy,
    queue,
    settings: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      RABBITMQ_URL: rabbitmq.urls.join(','),
      RABBITMQ_IMAGE_QUEUE: queue,
      AWS_BUCKET_NAME: bucket,
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL_S3: s3Proxy.url,
      AWS_ACCESS_KEY: s3.accessKeyId,
      AWS_SECRET_KEY: s3.secretAccessKey,
      PUBLIC_BASE_URL: s3.publicUrl(bucket)
    },
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
      await Promise.all([postgres.stop(), redis.stop(), rabbitmq.stop(), s3.stop()])
    }
  }
}

/** Rows of one statement, over a connection of its own: the database may have been restarted since the last. */
async function query<T extends object>(connectionString: string, sql: string): Promise<T[]> {
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
  const [, waiting, unacknowledged] = find(queue)
  const [, dead] = find(`${queue}.dead`)
  return { waiting: Number(waiting), unacknowledged: Number(unacknowledged), dead: Number(dead) }
}
