import type { ServerName } from './install.ts'
import { startPostgres } from './postgres.ts'
import { startRabbitmq } from './rabbitmq.ts'
import { startRedis } from './redis.ts'
import { type S3Address, startS3 } from './s3.ts'

/**
 * Starts each server once, on first use: a run that needs none of them waits for none. Resolves with what
 * another process needs to use the server.
 */
export const hosted = {
  postgres: memoize(async () => ({ url: (await startPostgres()).url })),
  redis: memoize(async () => ({ url: (await startRedis()).url })),
  rabbitmq: memoize(async () => ({ url: (await startRabbitmq()).url })),
  s3: memoize(async (): Promise<S3Address> => {
    const { endpoint, region, accessKeyId, secretAccessKey, publicBase } = await startS3()
    return { endpoint, region, accessKeyId, secretAccessKey, publicBase }
  })
} satisfies Partial<Record<ServerName, () => Promise<unknown>>>

function memoize<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined
  return () => {
    started ??= start()
    return started
  }
}
