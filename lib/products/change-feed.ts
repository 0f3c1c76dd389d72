import { setTimeout as wait } from 'node:timers/promises'
import { CHANNELS, type Notifications } from '../database/notifications.ts'

/** A busy worker finishes hundreds of products a second: the changes of this time go as one notification. */
const BATCH_MS = 25

/** Ten digits and a comma each; PostgreSQL takes 8000 bytes. */
const IDS_AT_ONCE = 700

/**
 * Publishes changes of products to subscribers in all processes. A change only says that the product should
 * be read again. It may be lost with a connection or a process.
 */
export class ProductChangeFeed {
  readonly #notifications: Notifications | null
  readonly #subscribers = new Map<number, Set<() => void>>()
  readonly #unsent = new Set<number>()
  #isSending = false

  /** Without notifications it reaches the subscribers of this process only. */
  constructor(notifications: Notifications | null) {
    this.#notifications = notifications
    notifications?.subscribe(CHANNELS.products, {
      received: (ids) => {
        for (const id of ids.split(',')) this.#notify(Number(id))
      },
      connected: () => {
        for (const id of this.#subscribers.keys()) this.#notify(id)
      }
    })
  }

  /** To be called when readers everywhere can see the change. */
  publish(id: number): void {
    this.#notify(id)
    if (!this.#notifications) return
    this.#unsent.add(id)
    if (!this.#isSending) void this.#send(this.#notifications)
  }

  /** Calls `changed` after each change of the product. Returns the function that ends the subscription. */
  subscribe(id: number, changed: () => void): () => void {
    const subscribers = this.#subscribers.get(id) ?? new Set()
    this.#subscribers.set(id, subscribers.add(changed))
    return () => {
      subscribers.delete(changed)
      if (subscribers.size === 0 && this.#subscribers.get(id) === subscribers) this.#subscribers.delete(id)
    }
  }

  #notify(id: number): void {
    for (const changed of this.#subscribers.get(id) ?? []) changed()
  }

  async #send(notifications: Notifications): Promise<void> {
    this.#isSending = true
    while (this.#unsent.size > 0) {
      const ids = [...this.#unsent].slice(0, IDS_AT_ONCE)
      for (const id of ids) this.#unsent.delete(id)
      await notifications.send(CHANNELS.products, ids.join()).catch(() => undefined)
      await wait(BATCH_MS, undefined, { ref: false })
    }
    this.#isSending = false
  }
}
