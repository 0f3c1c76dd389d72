import fastifyRedis from '@fastify/redis'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Cache } from '../../lib/cache/cache.ts'
import { MemoryCache } from '../../lib/cache/memory.ts'
import { NoCache } from '../../lib/cache/none.ts'
import { RedisCache } from '../../lib/cache/redis.ts'
import { connectRedis, createRedis, REDIS } from '../../lib/cache/server.ts'
import type { Config } from '../../lib/config/config.ts'
import type { Log } from '../../lib/log/log.ts'
import { tryServer } from '../../lib/startup/wait-for-server.ts'

declare module 'fastify' {
  interface FastifyInstance {
    cache: Cache
  }
}

/** The product cache: in Redis, or in the process if there is only one. No role waits for Redis. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const redis = config.redis && createRedis(config.redis.url, { keyPrefix: await keyPrefixOf(app) })
    if (redis) {
      app.addHook('onClose', async () => redis.disconnect())
      await tryServer(REDIS, app.log, () => connectRedis(redis, app.log))
      await register(app, redis)
    }
    const cache = cacheFor(redis, config, app.log)
    app.decorate('cache', cache)
    app.healthChecks.set('redis', { kind: redis ? 'connected' : 'embedded', ping: () => cache.ping() })
  },
  { name: 'redis', dependencies: ['health-checks', 'postgres'] }
)

/** Services in other schemas and databases may share this Redis. */
async function keyPrefixOf({ pg }: FastifyInstance): Promise<string> {
  const { rows } = await pg.query<{ name: string }>(
    "SELECT concat_ws('.', current_database(), current_schema()) AS name"
  )
  return `asyncprod:${rows[0]?.name}:`
}

/**
 * Decorates the app. @fastify/redis waits for the client's first `ready`, and a start without Redis must not.
 */
async function register(app: FastifyInstance, client: Redis): Promise<void> {
  const release = (event: string, ready: () => void) => {
    if (event === 'ready') queueMicrotask(ready)
  }
  if (client.status !== 'ready') client.on('newListener', release)
  await app.register(fastifyRedis, { client })
  client.off('newListener', release)
}

function cacheFor(redis: Redis | null, { database }: Config, log: Log): Cache {
  if (redis) return new RedisCache(redis, log)
  return database ? new NoCache() : new MemoryCache()
}
