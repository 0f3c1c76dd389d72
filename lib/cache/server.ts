import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { Log } from '../log/log.ts'
import { cureOfCertificate } from '../startup/certificates.ts'
import type { Server } from '../startup/wait-for-server.ts'

export const REDIS: Server = { name: 'Redis', settings: 'REDIS_URL (or REDIS_HOST)', cureOf }

/** Errors that waiting does not resolve. */
const REFUSED = /^(NOAUTH|WRONGPASS|NOPERM|ERR (invalid password|AUTH|DB index))/

function cureOf(error: unknown): string | null {
  if (error instanceof Error && error.name === 'ReplyError' && REFUSED.test(error.message))
    return 'Set the right user, password and database number in REDIS_URL (or REDIS_PASSWORD).'
  return cureOfCertificate(error)
}

/** A cache that takes longer is slower than the database behind it. */
const COMMAND_TIMEOUT_MS = 250
const RECONNECT_MS = 500

/**
 * Creates a client that fails fast while Redis is away. After its first connection it reconnects by itself.
 */
export function createRedis(
  url: string,
  { keyPrefix = '', commandTimeout = COMMAND_TIMEOUT_MS } = {}
): Redis {
  return new Redis(url, {
    keyPrefix,
    lazyConnect: true,
    // While Redis is away commands fail at once instead of queueing: the database is read then.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    commandTimeout,
    // One write to the socket for all commands of a turn of the event loop.
    enableAutoPipelining: true,
    // It has already waited for the others of its turn.
    autoPipeliningIgnoredCommands: ['mget'],
    retryStrategy: () => RECONNECT_MS
  })
}

/**
 * Resolves when the client is connected, or rejects with the reason why its first attempt failed. The client
 * keeps trying, and logs when Redis goes away and when it is back.
 */
export async function connectRedis(redis: Redis, log: Log): Promise<void> {
  const abort = new AbortController()
  const failed = once(redis, 'error', { signal: abort.signal }).then(([error]) => Promise.reject(error))
  try {
    // What `connect` rejects with says only that there is no connection.
    await Promise.race([failed, redis.connect()])
  } finally {
    abort.abort()
    logState(redis, log)
  }
}

function logState(redis: Redis, log: Log): void {
  let isAway = redis.status !== 'ready'
  redis.on('ready', () => {
    if (isAway) log.info({}, 'Redis can be used again')
    isAway = false
  })
  redis.on('error', (error) => {
    if (!isAway)
      log.warn({ reason: error.message }, 'Redis cannot be used; products are read from the database')
    isAway = true
  })
}
