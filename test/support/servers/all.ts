import { type Postgres, startPostgres } from './postgres.ts'
import { type Rabbitmq, startRabbitmq } from './rabbitmq.ts'
import { type Redis, startRedis } from './redis.ts'
import { type S3Server, startS3 } from './s3.ts'

export type AllServers = {
  postgres: Postgres
  redis: Redis
  rabbitmq: Rabbitmq
  s3: S3Server
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The four servers of one's own, started side by side. */
export async function startAll(): Promise<AllServers> {
  const [postgres, redis, rabbitmq, s3] = await Promise.all([
    startPostgres(),
    startRedis(),
    startRabbitmq(),
    startS3()
  ])
  const stop = async () => {
    await Promise.all([postgres.stop(), redis.stop(), rabbitmq.stop(), s3.stop()])
  }
  return { postgres, redis, rabbitmq, s3, stop, [Symbol.asyncDispose]: stop }
}
