import { setTimeout as wait } from 'node:timers/promises'
import { CHANNELS, type Notifications } from '../database/notifications.ts'

/** A busy worker finishes hundreds of products a second: what changes within this time is one notification. */
const GATHER_MS = 25

/** Ten digits and a comma each; PostgreSQL takes 8000 bytes. */
const IDS_AT_ONCE = 700

/**
 * Tells those who watch a product that it has changed, whichever process changed it. A signal says where to look, not what
 * is there, and one may be lost with the connection or the process that should have sent it.
 */
export class ProductChangeFeed {
  readonly #notifications: Notifications | null
  readonly #watchers = new Map<number, Set<() => void>>()
  readonly #untold = new Set<number>()
  #telling = false

  /** Without notifications it reaches the watchers of this process only. */
  constructor(notifications: Notifications | null) {
    this.#notifications = notifications
    notifications?.subscribe(CHANNELS.products, {
      received: (ids) => {
        for (const id of ids.split(',')) this.#ring(Number(id))
      },
      connected: () => {
        for (const id of this.#watchers.keys()) this.#ring(id)
      }
    })
  }

  /** The product has changed, and readers everywhere can see it. */
  tell(id: number): void {
    this.#ring(id)
    if (!this.#notifications) return
    this.#untold.add(id)
    if (!this.#telling) void this.#tellOthers(this.#notifications)
  }

  /** Calls `changed` after each change of the product. Answers how to end that. */
  watch(id: number, changed: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set()
    this.#watchers.set(id, watchers.add(changed))
    return () => {
      watchers.delete(changed)
      if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id)
    }
  }

  #ring(id: number): void {
    for (const changed of this.#watchers.get(id) ?? []) changed()
  }

  async #tellOthers(notifications: Notifications): Promise<void> {
    this.#telling = true
    while (this.#untold.size > 0) {
      const ids = [...this.#untold].slice(0, IDS_AT_ONCE)
      for (const id of ids) this.#untold.delete(id)
      await notifications.send(CHANNELS.products, ids.join()).catch(() => undefined)
      await wait(GATHER_MS, undefined, { ref: false })
    }
    this.#telling = false
  }
}
