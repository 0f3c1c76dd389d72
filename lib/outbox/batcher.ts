import { setImmediate as turn } from 'node:timers/promises'

interface Waiting<T> {
  item: T
  resolve(): void
  reject(error: unknown): void
}

/**
 * Sends items in batches, one batch at a time. A batch holds the items that were added while the previous one
 * was being sent. So no item waits for a timer: a single item is sent at once, and larger batches make each
 * item cheaper.
 */
export class Batcher<T> {
  readonly #send: (items: T[]) => Promise<void>
  readonly #maxItems: number
  #waiting: Waiting<T>[] = []
  #running = false

  constructor(send: (items: T[]) => Promise<void>, maxItems = Number.POSITIVE_INFINITY) {
    this.#send = send
    this.#maxItems = maxItems
  }

  /**
   * Resolves when the item's batch was sent. Rejects, as all items of that batch do, when it could not be.
   */
  add(item: T): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ item, resolve, reject })
    if (!this.#running) void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    this.#running = true
    // What is added in one turn of the event loop goes together.
    await turn()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#maxItems)
      try {
        await this.#send(batch.map(({ item }) => item))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#running = false
  }
}
