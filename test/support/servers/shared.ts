import { type Owner, owned } from '../owner.ts'
import { askHost } from './host-socket.ts'
import { hosted } from './hosted.ts'
import { type PostgresServer, usePostgres } from './postgres.ts'
import { type RabbitmqServer, useRabbitmq } from './rabbitmq.ts'
import { type RedisServer, useRedis } from './redis.ts'
import { type S3Address, type S3Server, useS3 } from './s3.ts'

export type Services = {
  postgres: PostgresServer
  redis: RedisServer
  rabbitmq: RabbitmqServer
  s3: S3Server
}

/**
 * The servers that all test files of a run share; without a run, this process's own. A test creates a
 * database or a bucket of its own, or asks for a queue name, so that tests do not meet. Null with
 * TEST_SERVICES=none.
 */
export async function services(t: Owner): Promise<Services | null> {
  if (process.env.TEST_SERVICES === 'none') return null
  const [postgres, redis, rabbitmq, s3] = await Promise.all([
    sharedPostgres(t),
    sharedRedis(t),
    sharedRabbitmq(t),
    sharedS3(t)
  ])
  return { postgres, redis, rabbitmq, s3 }
}

export async function sharedPostgres(t: Owner): Promise<PostgresServer> {
  const { url }: { url: string } = await address('postgres')
  return owned(t, usePostgres(url))
}

export async function sharedRedis(t: Owner): Promise<RedisServer> {
  const { url }: { url: string } = await address('redis')
  return owned(t, useRedis(url))
}

export async function sharedRabbitmq(t: Owner): Promise<RabbitmqServer> {
  const { url }: { url: string } = await address('rabbitmq')
  return owned(t, useRabbitmq(url))
}

export async function sharedS3(t: Owner): Promise<S3Server> {
  const found: S3Address = await address('s3')
  return owned(t, useS3(found))
}

async function address<N extends keyof typeof hosted>(name: N) {
  if (process.env.TEST_SERVICES === 'none')
    throw new Error('TEST_SERVICES=none: give this test needsServices')
  const response = await askHost(`/${name}`)
  return response === undefined ? hosted[name]() : JSON.parse(response)
}
