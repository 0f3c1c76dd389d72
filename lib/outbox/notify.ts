import { Batcher } from '../database/batcher.ts'
import { CHANNELS, type Notifications } from '../database/notifications.ts'
import type { Outbox } from './outbox.ts'

/**
 * Notifies processes that share only PostgreSQL of rows that this one has enqueued, and pokes the outbox when
 * they have. A lost notification costs a few seconds: relays also look without one.
 */
export function notifyOutbox(outbox: Outbox, notifications: Notifications): void {
  const poke = () => outbox.poke()
  notifications.subscribe(CHANNELS.outbox, { received: poke, connected: poke })
  // One notification stands for all rows that were enqueued before it.
  const sends = new Batcher<void>(
    async (rows) => {
      await notifications.send(CHANNELS.outbox)
      return rows
    },
    { maxItems: Number.POSITIVE_INFINITY }
  )
  outbox.events.on('enqueued', () => void sends.add().catch(() => undefined))
}
