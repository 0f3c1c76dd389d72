import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Log } from '../log/log.ts'
import { type Cache, type CachedProduct, cacheReads } from './cache.ts'
import { RedisRun } from './redis-run.ts'
import { SharedGets } from './shared-gets.ts'

/** Short, so that a writer that cannot reach Redis can wait until the last entry has expired. */
const ENTRY_MS = 5000
/** How long a load may take for its result to be stored. */
const LEASE_MS = 1000
/** From the load of a product until its entry has expired. */
const ENTRY_LIFE_MS = LEASE_MS + ENTRY_MS
/** Products that this process knows to be read repeatedly. */
const MAX_RECENTLY_READ = 10_000
/** After a failure, reads do not use Redis for this long, so a slow Redis delays few of them. */
const PAUSE_MS = 1000

const LEASE_MARK = '?'

/**
 * Stores the entry only if our lease is still there: an invalidation or a flush in between has removed it. It
 * deletes first, so that a Redis that refuses deletions gets no entries.
 */
const FILL = `if redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) == 1 then
  return redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3])
end`

/**
 * Caches products in Redis from their second read within five seconds. For products that are read once,
 * caching would cost a third of the CPU of a read.
 * On a miss the reader stores a lease under the key, queries the database, and stores the result only if its
 * lease is still there. An invalidation deletes the key and any lease, so a result loaded earlier is not
 * stored later.
 * Expects a client that fails fast (`enableOfflineQueue: false`, `commandTimeout`).
 */
export class RedisCache implements Cache {
  readonly #redis: Redis
  readonly #run: RedisRun
  readonly #entries: SharedGets
  readonly #recentlyRead = new LRUCache<number, true>({ max: MAX_RECENTLY_READ, ttl: ENTRY_MS })
  #pausedUntil = 0

  constructor(redis: Redis, log: Log) {
    this.#redis = redis
    this.#entries = new SharedGets(redis)
    this.#run = new RedisRun(redis, log, ENTRY_LIFE_MS, async (run) => {
      const key = `${keyOf(run, 0)}:${randomUUID()}`
      await redis.set(key, LEASE_MARK, 'PX', LEASE_MS, 'NX')
      await redis.eval(FILL, 1, key, LEASE_MARK, LEASE_MARK, LEASE_MS)
      // Two, because a cluster refuses several keys at once.
      await redis.mget(key, `${key}:other`)
      await redis.del(key)
    })
  }

  async read(id: number, load: () => Promise<CachedProduct | null>): Promise<CachedProduct | null> {
    const isRepeated = this.#recentlyRead.has(id)
    this.#recentlyRead.set(id, true)
    const { id: run, refusal, mayHoldOldEntries } = this.#run
    if (run === null || refusal !== null || mayHoldOldEntries || performance.now() < this.#pausedUntil)
      return load()
    const key = keyOf(run, id)
    const found = isRepeated ? await this.#attempt(() => this.#entries.get(key)) : undefined
    const entry = typeof found === 'string' ? decode(found) : null
    cacheReads.publish({ hit: entry !== null })
    if (entry) return entry
    if (found !== null) return load()

    const lease = LEASE_MARK + randomUUID()
    const leased = await this.#attempt(() => this.#redis.set(key, lease, 'PX', LEASE_MS, 'NX'))
    const loaded = await load()
    if (loaded && leased)
      void this.#attempt(() => this.#redis.eval(FILL, 1, key, lease, encode(loaded), ENTRY_MS))
    return loaded
  }

  async invalidate(id: number, maxWaitMs = ENTRY_LIFE_MS): Promise<void> {
    const end = performance.now() + maxWaitMs
    while (performance.now() < end) {
      if (await this.#delete(id)) return
      await wait(100)
    }
  }

  async ping(): Promise<void> {
    await this.#redis.ping()
    if (this.#run.refusal !== null) throw new Error(`Redis refuses commands: ${this.#run.refusal}`)
  }

  /** Resolves with whether the product has no entry any more. */
  async #delete(id: number): Promise<boolean> {
    const { id: run } = this.#run
    try {
      if (run !== null) {
        await this.#redis.del(keyOf(run, id))
        return true
      }
    } catch (error) {
      if (!this.#failed(error)) return false
    }
    // No entry was stored since the first refusal, and what was stored before it has expired.
    return this.#run.refusedForMs > ENTRY_LIFE_MS
  }

  /** Resolves with undefined when Redis does not respond, or refuses. */
  async #attempt<T>(command: () => Promise<T>): Promise<T | undefined> {
    try {
      return await command()
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  #failed(error: unknown): boolean {
    this.#pausedUntil = performance.now() + PAUSE_MS
    return this.#run.failed(error)
  }
}

const keyOf = (run: string, id: number) => `${run}:product:${id}`

const encode = ({ version, user_id, pending, digest, json }: CachedProduct) =>
  `${version} ${user_id} ${Number(pending)} ${digest} ${json}`

/** Null for an entry of another version, which may have another form. */
function decode(text: string): CachedProduct | null {
  const found = /^(\d+) (\d+) ([01]) ([0-9a-f]{8}) (?={)/.exec(text)
  if (!found) return null
  const [start, version, user_id, pending, digest = ''] = found
  const json = text.slice(start.length)
  return { version: Number(version), user_id: Number(user_id), pending: pending === '1', digest, json }
}
