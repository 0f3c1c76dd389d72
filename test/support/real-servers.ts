import type { Owner } from './owner.ts'
import { needsServices } from './servers/needs.ts'
import { services } from './servers/shared.ts'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export type GateName = 'postgres' | 'redis' | 'rabbitmq' | 's3'

/** Settings for a service on four real servers, each behind a gate that is closed yet. */
export async function gatedServers(
  t: Owner
): Promise<{ gates: Record<GateName, TcpProxy>; settings: Record<string, string> }> {
  const servers = await services(t)
  if (!servers) throw new Error(`give this test ${needsServices}`)
  const gateTo = async (url: string) => {
    const gate = await createTcpProxy(url)
    t.teardown(gate.close)
    return gate
  }
  const bucket = await servers.s3.createBucket()
  const gates = {
    postgres: await gateTo(await servers.postgres.createDatabase()),
    redis: await gateTo(await servers.redis.createDatabase()),
    rabbitmq: await gateTo(servers.rabbitmq.url),
    s3: await gateTo(servers.s3.endpoint)
  }
  const settings = {
    DATABASE_URL: gates.postgres.url,
    REDIS_URL: gates.redis.url,
    RABBITMQ_URL: gates.rabbitmq.url,
    RABBITMQ_IMAGE_QUEUE: servers.rabbitmq.queueName(),
    AWS_BUCKET_NAME: bucket,
    AWS_ENDPOINT_URL_S3: gates.s3.url,
    AWS_REGION: servers.s3.region,
    AWS_ACCESS_KEY: servers.s3.accessKeyId,
    AWS_SECRET_KEY: servers.s3.secretAccessKey,
    PUBLIC_BASE_URL: servers.s3.publicUrl(bucket),
    ALLOWED_SOURCE_NETWORKS: '127.0.0.0/8',
    RETRY_BASE_MS: '200',
    MAX_ATTEMPTS: '100'
  }
  return { gates, settings }
}
