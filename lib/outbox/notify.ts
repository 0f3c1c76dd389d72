import type { Notifications } from '../database/notifications.ts'
import type { Outbox } from './outbox.ts'

const CHANNEL = 'asyncprod_outbox'

/**
 * Carries the outbox's wake-ups between processes that share only PostgreSQL. A lost one costs a few seconds: relays look by
 * themselves, too.
 */
export class OutboxSignal {
  readonly #notifications: Notifications
  #sending: Promise<unknown> | null = null
  #again = false

  constructor(outbox: Outbox, notifications: Notifications) {
    this.#notifications = notifications
    const wake = () => outbox.othersOwed()
    notifications.subscribe(CHANNEL, { heard: wake, connected: wake })
    outbox.on('owed', () => this.#notify())
  }

  /** One at a time: a notification tells all that was owed before it. */
  #notify(): void {
    this.#again = this.#sending !== null
    this.#sending ??= this.#notifications
      .send(CHANNEL)
      .catch(() => undefined)
      .then(() => {
        this.#sending = null
        if (this.#again) this.#notify()
      })
  }
}
