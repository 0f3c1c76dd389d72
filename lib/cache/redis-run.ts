import type { Redis } from 'ioredis'
import { type Log, reasonOf } from '../log/log.ts'

const EXAMINE_AGAIN_MS = 1000
/** A refusal is confirmed every second. After a longer gap, other processes may have stored entries. */
const LONGEST_SILENCE_MS = 3000
/** After a failover, the server's name may resolve to the new master. */
const RECONNECT_AFTER_MS = 3000

interface Refusal {
  run: string | null
  reason: string
  since: number
  confirmedAt: number
}

/**
 * Identifies the run of the Redis server (its run_id) that the connection leads to. Keys contain it: a Redis
 * restarted from a snapshot, or a promoted replica, may hold entries from before the latest writes.
 * Each new connection is checked before it is used. A Redis that refuses commands (READONLY, NOPERM, OOM,
 * LOADING and others) is not used until it accepts them again.
 */
export class RedisRun {
  readonly #redis: Redis
  readonly #log: Log
  readonly #entryLifeMs: number
  readonly #tryCommands: (run: string) => Promise<unknown>
  #id: string | null = null
  #hasMaster = false
  #wasPromoted = false
  #connectedAt = 0
  #refusal: Refusal | null = null
  #timer: NodeJS.Timeout | undefined

  /**
   * `entryLifeMs` is the longest time from the load of a product until its entry expires. `tryCommands` runs
   * each command that the cache needs, and leaves nothing behind.
   */
  constructor(redis: Redis, log: Log, entryLifeMs: number, tryCommands: (run: string) => Promise<unknown>) {
    this.#redis = redis
    this.#log = log
    this.#entryLifeMs = entryLifeMs
    this.#tryCommands = tryCommands
    redis.on('ready', () => this.#connected())
    redis.on('close', () => this.#disconnected())
    if (redis.status === 'ready') this.#connected()
  }

  /** Null while it is not known. */
  get id(): string | null {
    return this.#id
  }

  /** Why Redis is not used although it is connected; null if it is used. */
  get refusal(): string | null {
    return this.#refusal?.reason ?? null
  }

  /**
   * Whether Redis may hold entries under this run that writers have deleted elsewhere. It may after a
   * promotion: while it was a replica, the other master may have given back to it what it had stored as a
   * master before.
   */
  get mayHoldOldEntries(): boolean {
    return this.#wasPromoted && performance.now() - this.#connectedAt < this.#entryLifeMs
  }

  /**
   * For how long no process can have stored an entry, because this run has refused commands without a break.
   * 0 if it is a replica whose master is up: other processes may already use that one.
   */
  get refusedForMs(): number {
    const refusal = this.#refusal
    return refusal && refusal.run === this.#id && !this.#hasMaster ? refusal.confirmedAt - refusal.since : 0
  }

  /** Takes the error of a command. Returns whether Redis has refused the command. */
  failed(error: unknown): boolean {
    const isRefused = error instanceof Error && error.name === 'ReplyError'
    if (isRefused) this.#refuse(reasonOf(error))
    return isRefused
  }

  #connected(): void {
    this.#connectedAt = performance.now()
    void this.#examine()
  }

  #disconnected(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#id = null
  }

  async #examine(): Promise<void> {
    try {
      const info = await this.#redis.info()
      const run = fieldOf(info, 'run_id')
      if (!run) return this.#refuse('it has no run_id')
      this.#id = run
      this.#wasPromoted = !/^0*$/.test(fieldOf(info, 'master_replid2') ?? '')
      this.#hasMaster = fieldOf(info, 'master_link_status') === 'up'
      if (fieldOf(info, 'role') !== 'master') return this.#refuse('it is a replica')
      await this.#tryCommands(run)
      if (this.#refusal) this.#log.info({}, 'Redis takes commands again and is used')
      this.#refusal = null
    } catch (error) {
      if (!this.failed(error)) this.#examineAgain()
    }
  }

  #refuse(reason: string): void {
    const now = performance.now()
    const before = this.#refusal
    if (!before)
      this.#log.warn(
        { reason },
        'Redis refuses commands and is not used; products are read from the database'
      )
    const isUnbroken = before?.run === this.#id && now - before.confirmedAt < LONGEST_SILENCE_MS
    this.#refusal = { run: this.#id, reason, since: isUnbroken ? before.since : now, confirmedAt: now }
    this.#examineAgain()
  }

  #examineAgain(): void {
    if (this.#redis.status !== 'ready') return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#refusal && performance.now() - this.#connectedAt > RECONNECT_AFTER_MS)
        this.#redis.disconnect(true)
      else void this.#examine()
    }, EXAMINE_AGAIN_MS).unref()
  }
}

const fieldOf = (info: string, name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
