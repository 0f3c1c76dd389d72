import { setImmediate as turn } from 'node:timers/promises'

export interface BatchLimits<T> {
  maxItems: number
  maxBytes?: number
  bytesOf?(item: T): number
  /** Batches that are sent at once. Default: one. */
  atOnce?: number
  /** Batches that are sent at once while others are stalled. Default: one. */
  lanes?: number
}

interface Waiting<T, R> {
  item: T
  resolve(result: R | PromiseLike<R>): void
  reject(error: unknown): void
}

/** A batch that takes longer probably waits for a lock or a disk. */
const STALLED_MS = 100
/** Weight of the latest batch in the moving average. */
const WEIGHT = 0.1

/**
 * Sends items in batches. A batch contains the items that arrived while the previous batch was sent, so no
 * item waits for a timer: a single item is sent at once, and under load batches grow.
 */
export class Batcher<T, R = void> {
  readonly #send: (items: T[]) => Promise<(R | PromiseLike<R>)[]>
  readonly #limits: Required<BatchLimits<T>>
  #waiting: Waiting<T, R>[] = []
  #lanes = 0
  #stalled = 0
  /** Moving average of the time that a batch takes. */
  #batchMs = 0
  /** Since when all lanes are stalled. */
  #blockedAt = Number.POSITIVE_INFINITY

  /** `send` resolves with a result for each item, in their order. */
  constructor(send: (items: T[]) => Promise<(R | PromiseLike<R>)[]>, limits: BatchLimits<T>) {
    this.#send = send
    this.#limits = { maxBytes: Number.POSITIVE_INFINITY, bytesOf: () => 0, atOnce: 1, lanes: 1, ...limits }
  }

  /**
   * Resolves with the item's result. Rejects, as all items of its batch do, when the batch could not be
   * sent.
   */
  add(item: T): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>()
    this.#waiting.push({ item, resolve, reject })
    this.#openLane()
    return promise
  }

  /** Returns the estimated wait of an item that is added now, in milliseconds. */
  get waitMs(): number {
    const estimate = Math.ceil(this.#waiting.length / this.#limits.maxItems) * this.#batchMs
    return Math.max(estimate, performance.now() - this.#blockedAt)
  }

  #openLane(): void {
    const { atOnce, lanes } = this.#limits
    const isFree = this.#lanes - this.#stalled < atOnce && this.#lanes < lanes
    if (isFree && this.#waiting.length > 0) void this.#runLane()
  }

  async #runLane(): Promise<void> {
    this.#lanes++
    // What is added in one turn of the event loop goes together.
    await turn()
    while (this.#waiting.length > 0) {
      using _stall = this.#watch()
      await this.#sendBatch(this.#waiting.splice(0, this.#batchSize()))
    }
    this.#lanes--
  }

  /** Measures how long a batch takes, and counts it as stalled while that is too long. */
  #watch(): Disposable {
    const started = performance.now()
    let stalled = 0
    const timer = setTimeout(() => {
      this.#stalled += stalled = 1
      if (this.#stalled === this.#limits.lanes) this.#blockedAt = performance.now()
      this.#openLane()
    }, STALLED_MS)
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer)
        this.#stalled -= stalled
        if (stalled) this.#blockedAt = Number.POSITIVE_INFINITY
        this.#batchMs += (performance.now() - started - this.#batchMs) * WEIGHT
      }
    }
  }

  async #sendBatch(batch: Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#send(batch.map(({ item }) => item))
      for (const [index, result] of results.entries()) batch[index]?.resolve(result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  /** At least one item, however large it is. */
  #batchSize(): number {
    const { maxItems, maxBytes, bytesOf } = this.#limits
    let bytes = 0
    const tooMany = this.#waiting.findIndex(({ item }, index) => {
      bytes += bytesOf(item)
      return index === maxItems || (bytes > maxBytes && index > 0)
    })
    return tooMany === -1 ? this.#waiting.length : tooMany
  }
}
