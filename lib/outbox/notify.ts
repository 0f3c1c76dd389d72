import { CHANNELS, type Notifications } from '../database/notifications.ts'
import type { Outbox } from './outbox.ts'

/**
 * Notifies processes that share only PostgreSQL of rows that this one has enqueued, and pokes the outbox when they have. A lost
 * notification costs a few seconds: relays also look without one.
 */
export function notifyOutbox(outbox: Outbox, notifications: Notifications): void {
  const poke = () => outbox.poke()
  notifications.subscribe(CHANNELS.outbox, { received: poke, connected: poke })
  let sending: Promise<unknown> | null = null
  let again = false

  /** One at a time: a notification stands for all rows that were enqueued before it. */
  function send(): void {
    again = sending !== null
    sending ??= notifications
      .send(CHANNELS.outbox)
      .catch(() => undefined)
      .then(() => {
        sending = null
        if (again) send()
      })
  }
  outbox.events.on('enqueued', send)
}
