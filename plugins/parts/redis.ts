import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Cache } from '../../lib/cache/cache.ts'
import { MemoryCache } from '../../lib/cache/memory.ts'
import { NoCache } from '../../lib/cache/none.ts'
import { RedisCache } from '../../lib/cache/redis.ts'
import { connectRedis, createRedis, REDIS } from '../../lib/cache/server.ts'
import type { Config } from '../../lib/config/config.ts'
import { tryServer } from '../../lib/startup/wait-for-server.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null without REDIS_URL. */
    redis: Redis | null
    cache: Cache
  }
}

/** The product cache: in Redis, or in the process if there is only one. No role waits for Redis. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const redis = config.redis && createRedis(config.redis.url)
    if (redis) {
      app.addHook('onClose', async () => redis.disconnect())
      await tryServer(REDIS, app.log, () => connectRedis(redis, app.log))
    }
    const cache = cacheFor(redis, config)
    app.decorate('redis', redis)
    app.decorate('cache', cache)
    app.healthChecks.set('redis', { kind: redis ? 'connected' : 'embedded', ping: () => cache.ping() })
  },
  { name: 'redis', dependencies: ['health-checks'] }
)

function cacheFor(redis: Redis | null, { database }: Config): Cache {
  if (redis) return new RedisCache(redis)
  return database ? new NoCache() : new MemoryCache()
}
