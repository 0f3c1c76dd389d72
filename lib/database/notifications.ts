import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from '../log/log.ts'

const RECONNECT_MS = 1000
/** A server that is frozen answers neither a greeting nor a query. */
const ANSWER_TIMEOUT_MS = 5000

export const CHANNELS = { outbox: 'asyncprod_outbox', products: 'asyncprod_products' } as const

export interface Subscriber {
  /** Another process has sent this. */
  received(payload: string): void
  /** The connection is new: notifications may have been lost before. */
  connected?(): void
}

/**
 * What processes that share a PostgreSQL tell each other, over one connection for all channels (LISTEN and NOTIFY). What is
 * said while the connection is lost is lost, too. Not for PGlite, which is one process anyway.
 */
export class Notifications {
  readonly #options: { connectionString: string; log: Log }
  readonly #subscribers = new Map<string, Subscriber>()
  #client: pg.Client | undefined
  #closed = false

  constructor(options: { connectionString: string; log: Log }) {
    this.#options = options
  }

  /** To be called before `start`. */
  subscribe(channel: string, subscriber: Subscriber): void {
    this.#subscribers.set(channel, subscriber)
  }

  start(): void {
    void this.#connect()
  }

  /** Tells the other processes, in less than 8000 bytes. Rejects when they cannot be reached. */
  async send(channel: string, payload = ''): Promise<void> {
    const client = this.#client
    if (!client) throw new Error('There is no connection for notifications')
    try {
      await client.query('SELECT pg_notify($1, $2)', [channel, payload])
    } catch (error) {
      // Nobody is heard over it either; ended, it is made again.
      void client.end().catch(() => undefined)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client?.end()
  }

  async #connect(): Promise<void> {
    if (this.#closed) return
    const { connectionString, log } = this.#options
    const client = new pg.Client({
      connectionString,
      keepAlive: true,
      connectionTimeoutMillis: ANSWER_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
      application_name: 'asyncprod notifications'
    })
    let own: number | undefined
    client.on('notification', ({ channel, payload = '', processId }) => {
      if (processId !== own) this.#subscribers.get(channel)?.received(payload)
    })
    client.on('error', (error) => log.warn({ reason: error.message }, 'Notifications are interrupted'))
    client.on('end', () => {
      this.#client = undefined
      void wait(this.#closed ? 0 : RECONNECT_MS).then(() => this.#connect())
    })
    try {
      await client.connect()
      const channels = [...this.#subscribers.keys()].map((channel) => `LISTEN ${channel}`)
      await client.query(channels.join(';'))
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      own = rows[0]?.pid
      if (this.#closed) return await client.end()
      this.#client = client
      for (const subscriber of this.#subscribers.values()) subscriber.connected?.()
    } catch {
      await client.end().catch(() => undefined)
    }
  }
}
