import { lookup } from 'node:dns/promises'
import fastifyRedis from '@fastify/redis'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Cache } from '../../lib/cache/cache.ts'
import { MemoryCache } from '../../lib/cache/memory.ts'
import { NoCache } from '../../lib/cache/none.ts'
import { RedisCache } from '../../lib/cache/redis.ts'
import type { Config } from '../../lib/config/config.ts'
import type { RedisServer } from '../../lib/config/servers.ts'
import { StartError, waitForServer } from '../../lib/startup/wait-for-server.ts'

declare module 'fastify' {
  interface FastifyInstance {
    cache: Cache
  }
}

/** A cache that answers later than this is slower than the database it stands before. */
const COMMAND_TIMEOUT_MS = 250
const RECONNECT_MS = 500

/** The product cache: in Redis, or in the process where that is the only one. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    if (config.redis) await connectRedis(app, config.redis, config.startupTimeoutMs)
    const cache = cacheFor(app, config)
    app.decorate('cache', cache)
    app.healthChecks.set('redis', { kind: config.redis ? 'connected' : 'embedded', ping: () => cache.ping() })
  },
  { name: 'redis', dependencies: ['health-checks'] }
)

function cacheFor(app: FastifyInstance, { redis, database }: Config): Cache {
  if (redis) return new RedisCache(app.redis)
  return database ? new NoCache() : new MemoryCache()
}

async function connectRedis(app: FastifyInstance, { url }: RedisServer, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  const { hostname } = new URL(url)
  const server = { name: 'Redis', setting: 'REDIS_URL (or REDIS_HOST)', timeoutMs, log: app.log }
  // The plugin gives up on a name that is not there yet, as that of a container that starts beside this one.
  await waitForServer(server, () => lookup(hostname.replace(/^\[|\]$/g, '')))
  let started = false
  await app.register(fastifyRedis, {
    url,
    // While Redis is away commands fail at once instead of waiting in line: the database answers then.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // One write to the socket for all commands of a turn of the event loop.
    enableAutoPipelining: true,
    retryStrategy() {
      // Giving up ends the registration below without an error of its own.
      if (!started && Date.now() > deadline) return null
      app.log.warn('Redis cannot be reached; trying again')
      return RECONNECT_MS
    }
  })
  app.redis.on('error', (error) =>
    app.log.warn({ reason: error.message }, 'Redis has failed; products are read from the database')
  )
  if (app.redis.status !== 'ready') {
    throw new StartError(
      `Redis could not be used within ${timeoutMs} ms. Is it running, and is REDIS_URL (or REDIS_HOST) right?`
    )
  }
  started = true
}
