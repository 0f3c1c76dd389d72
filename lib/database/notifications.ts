import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { type Log, reasonOf } from '../log/log.ts'
import { withTimeout } from '../startup/timeout.ts'
import { prepareSession } from './server.ts'

export const CHANNELS = {
  outbox: 'asyncprod_outbox',
  products: 'asyncprod_products',
  controls: 'asyncprod_controls'
} as const

const RECONNECT_MS = 1000
const OWN = `SELECT pg_backend_pid() AS pid, '_' || to_hex(hashtext(current_schema())) AS suffix`
/** A connection may break silently; only a query detects that. */
const HEARTBEAT_MS = 10_000
/** A frozen server responds to neither a connect nor a query. */
const RESPONSE_TIMEOUT_MS = 5000
const GOODBYE_MS = 1000

export interface Subscriber {
  /** Another process has sent this. */
  received(payload: string): void
  /** The connection is new: notifications may have been lost before. */
  connected?(): void
}

export interface NotificationOptions {
  connectionString: string
  log: Log
  heartbeatMs?: number
}

/** A connection that listens, and what aborts when it is lost. */
interface Session {
  client: pg.Client
  lost: AbortController
  /** Suffix of channel names: channels belong to the database, but each of its schemas may have a service. */
  suffix: string
}

/**
 * Notifications between processes that share a PostgreSQL (LISTEN and NOTIFY), over one connection for all
 * channels. What is sent while the connection is lost is lost; that is logged once, as is the reconnect.
 * Not for PGlite, which is one process.
 */
export class Notifications {
  readonly #options: NotificationOptions
  readonly #subscribers = new Map<string, Subscriber>()
  readonly #closing = new AbortController()
  #session: Session | undefined
  #running: Promise<void> | undefined

  constructor(options: NotificationOptions) {
    this.#options = options
  }

  /** Whether notifications are received at this moment. */
  get connected(): boolean {
    return this.#session !== undefined
  }

  /** To be called before `start`. */
  subscribe(channel: string, subscriber: Subscriber): void {
    this.#subscribers.set(channel, subscriber)
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Sends less than 8000 bytes to the other processes. Rejects when that is impossible. */
  async send(channel: string, payload = ''): Promise<void> {
    const session = this.#session
    if (!session) throw new Error('There is no connection for notifications')
    try {
      await session.client.query('SELECT pg_notify($1, $2)', [channel + session.suffix, payload])
    } catch (error) {
      // The connection that listens may be broken, too.
      session.lost.abort(error)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { log } = this.#options
    let isLogged = false
    while (!this.#closing.signal.aborted) {
      const session = this.#open()
      try {
        await this.#listen(session)
        if (isLogged) log.info({}, 'Notifications from PostgreSQL are back')
        isLogged = false
        await this.#watch(session)
      } catch (error) {
        const reason = reasonOf(session.lost.signal.reason ?? error)
        if (!isLogged && !this.#closing.signal.aborted)
          log.warn(
            { reason },
            'Notifications from PostgreSQL are lost; changes by other processes are noticed late'
          )
        isLogged = true
      }
      this.#session = undefined
      await withTimeout(GOODBYE_MS, session.client.end()).catch(() => undefined)
      await wait(RECONNECT_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined)
    }
  }

  #open(): Session {
    const lost = new AbortController()
    const client = new pg.Client({
      connectionString: this.#options.connectionString,
      keepAlive: true,
      connectionTimeoutMillis: RESPONSE_TIMEOUT_MS,
      query_timeout: RESPONSE_TIMEOUT_MS,
      application_name: 'asyncprod notifications'
    })
    client.on('error', (error) => lost.abort(error))
    client.on('end', () => lost.abort(new Error('the server has ended the connection')))
    return { client, lost, suffix: '' }
  }

  async #listen(session: Session): Promise<void> {
    const { client } = session
    let own: number | undefined
    client.on('notification', ({ channel, payload = '', processId }) => {
      const name = channel.slice(0, channel.length - session.suffix.length)
      if (processId !== own) this.#subscribers.get(name)?.received(payload)
    })
    await client.connect()
    await prepareSession(client)
    const { rows } = await client.query<{ pid: number; suffix: string }>(OWN)
    own = rows[0]?.pid
    session.suffix = rows[0]?.suffix ?? ''
    const channels = [...this.#subscribers.keys()].map((channel) => `LISTEN ${channel}${session.suffix}`)
    await client.query(channels.join(';'))
    this.#closing.signal.throwIfAborted()
    this.#session = session
    for (const subscriber of this.#subscribers.values()) subscriber.connected?.()
  }

  /** Rejects when the connection is lost, or the service stops. */
  async #watch({ client, lost }: Session): Promise<never> {
    const signal = AbortSignal.any([lost.signal, this.#closing.signal])
    for (;;) {
      await wait(this.#options.heartbeatMs ?? HEARTBEAT_MS, undefined, { signal })
      await client.query('SELECT 1')
    }
  }
}
