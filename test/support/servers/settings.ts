import type { Settings } from '../service.ts'
import type { Services } from './shared.ts'

/**
 * Settings of a service on these servers, with a database, a Redis database, a queue and a bucket of its
 * own.
 */
export async function settingsOn({ postgres, redis, rabbitmq, s3 }: Services): Promise<Settings> {
  const bucket = await s3.createBucket()
  return {
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: await redis.createDatabase(),
    RABBITMQ_URL: rabbitmq.urls.join(','),
    RABBITMQ_IMAGE_QUEUE: rabbitmq.queueName(),
    AWS_BUCKET_NAME: bucket,
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ACCESS_KEY: s3.accessKeyId,
    AWS_SECRET_KEY: s3.secretAccessKey,
    PUBLIC_BASE_URL: s3.publicUrl(bucket)
  }
}
