import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { type Cache, type CachedProduct, cacheReads } from './cache.ts'
import { Lately } from './recently-seen.ts'

/** Entries live shortly, so that a writer who cannot reach Redis can wait until the last of them is gone. */
const ENTRY_MS = 5000
/** How long a load may take and still be put down. */
const LEASE_MS = 1000
/** Products of which this process knows that they are read. */
const READS_KNOWN = 10_000
/** After a failure reads leave Redis alone for this long, so that a slow one delays few of them. */
const PAUSE_MS = 1000

const LEASE_MARK = '?'

/** Puts the entry down only where our lease still stands: a forget or a flush in between has taken it away. */
const FILL = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3]) end`

/**
 * Products in Redis, once they are read more than once while an entry would live: to ask for what nobody reads again, and to put
 * it down, took a third of all CPU of such a read. A reader who finds nothing leaves a lease before it loads; whoever writes deletes the key, and with
 * it every lease, so what was loaded before the write finds no place any more. Expects a client that fails fast
 * (`enableOfflineQueue: false`, `commandTimeout`).
 */
export class RedisCache implements Cache {
  readonly #redis: Redis
  readonly #wanted = new Lately<number>({ forMs: ENTRY_MS, most: READS_KNOWN })
  #pausedUntil = 0

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async read(id: number, load: () => Promise<CachedProduct | null>): Promise<CachedProduct | null> {
    const isWanted = this.#wanted.seen(id)
    if (Date.now() < this.#pausedUntil) return load()
    const key = keyOf(id)
    const found = isWanted ? await this.#attempt(() => this.#redis.get(key)) : undefined
    const hit = typeof found === 'string' && !found.startsWith(LEASE_MARK)
    cacheReads.publish({ hit })
    if (hit) return decode(found)
    if (found !== null) return load()

    const lease = LEASE_MARK + randomUUID()
    const leased = await this.#attempt(() => this.#redis.set(key, lease, 'PX', LEASE_MS, 'NX'))
    const entry = await load()
    if (entry && leased)
      void this.#attempt(() => this.#redis.eval(FILL, 1, key, lease, encode(entry), ENTRY_MS))
    return entry
  }

  async invalidate(id: number, maxWaitMs = ENTRY_MS + LEASE_MS): Promise<void> {
    const end = Date.now() + maxWaitMs
    while (Date.now() < end) {
      const deleted = await this.#attempt(() => this.#redis.del(keyOf(id)))
      if (deleted !== undefined) return
      await wait(100)
    }
  }

  async ping(): Promise<void> {
    await this.#redis.ping()
  }

  /** Undefined when Redis does not answer. */
  async #attempt<T>(command: () => Promise<T>): Promise<T | undefined> {
    try {
      return await command()
    } catch {
      this.#pausedUntil = Date.now() + PAUSE_MS
      return undefined
    }
  }
}

const keyOf = (id: number) => `product:${id}`

const encode = ({ version, user_id, pending, json }: CachedProduct) =>
  `${version} ${user_id} ${Number(pending)} ${json}`

function decode(text: string): CachedProduct {
  const [version = '', user_id = '', pending = ''] = text.split(' ', 3)
  const json = text.slice(version.length + user_id.length + pending.length + 3)
  return { version: Number(version), user_id: Number(user_id), pending: pending === '1', json }
}
