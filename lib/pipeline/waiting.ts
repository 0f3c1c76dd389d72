import type { Destination } from './origins.ts'

/** An image that waits for a place. */
export interface Waiting {
  userId: number
  destination: Destination
  since: number
  /** Counts up from image to image. */
  arrival: number
  resolve(): void
  reject(reason: unknown): void
}

/**
 * Images that wait for a place, in queues of one user and destination each, so that only the first of each
 * queue need be looked at: looking at all 200 took as much CPU as the downloads.
 */
export class WaitingImages {
  readonly #queues = new Map<string, Set<Waiting>>()

  get isEmpty(): boolean {
    return this.#queues.size === 0
  }

  add(waiting: Waiting): void {
    const key = keyOf(waiting)
    const queue = this.#queues.get(key)
    if (queue) queue.add(waiting)
    else this.#queues.set(key, new Set([waiting]))
  }

  /** Returns whether it was there. */
  delete(waiting: Waiting): boolean {
    const key = keyOf(waiting)
    const queue = this.#queues.get(key)
    if (!queue?.delete(waiting)) return false
    if (queue.size === 0) this.#queues.delete(key)
    return true
  }

  /** The first of each queue. */
  *first(): Iterable<Waiting> {
    for (const queue of this.#queues.values()) yield* queue.values().take(1)
  }

  *[Symbol.iterator](): Iterator<Waiting> {
    for (const queue of this.#queues.values()) yield* queue
  }
}

const keyOf = ({ userId, destination }: Waiting) => `${userId} ${destination.keys.join(' ')}`
