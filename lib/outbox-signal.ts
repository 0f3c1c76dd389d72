import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from './log.ts'
import type { Outbox } from './outbox.ts'

const CHANNEL = 'asyncprod_outbox'
const RECONNECT_MS = 1000

/**
 * Carries the outbox's wake-ups between processes that share only PostgreSQL. A lost one costs a few seconds: relays look by
 * themselves, too. Not for PGlite, which is one process anyway.
 */
export class OutboxSignal {
  readonly #connectionString: string
  readonly #outbox: Outbox
  readonly #log: Log
  #client: pg.Client | undefined
  #notification: Promise<unknown> | null = null
  #again = false
  #closed = false

  constructor({ connectionString, outbox, log }: { connectionString: string; outbox: Outbox; log: Log }) {
    this.#connectionString = connectionString
    this.#outbox = outbox
    this.#log = log
    outbox.on('owed', () => this.#notify())
    void this.#listen()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client?.end()
  }

  async #listen(): Promise<void> {
    if (this.#closed) return
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: 'asyncprod signal'
    })
    client.on('notification', () => this.#outbox.emit('wake'))
    client.on('error', (error) =>
      this.#log.warn({ reason: error.message }, 'The outbox signal is interrupted')
    )
    client.on('end', () => wait(this.#closed ? 0 : RECONNECT_MS).then(() => this.#listen()))
    try {
      await client.connect()
      await client.query(`LISTEN ${CHANNEL}`)
      this.#client = client
      this.#outbox.emit('wake')
    } catch {
      await client.end().catch(() => undefined)
    }
  }

  /** One at a time: a notification tells all that was owed before it. */
  #notify(): void {
    this.#again = this.#notification !== null
    this.#notification ??= Promise.resolve(this.#client?.query(`NOTIFY ${CHANNEL}`))
      .catch(() => undefined)
      .then(() => {
        this.#notification = null
        if (this.#again) this.#notify()
      })
  }
}
