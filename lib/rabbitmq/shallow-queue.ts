import { setTimeout as wait } from 'node:timers/promises'

/** Minimum limit, used while the service is idle. */
const MIN_MESSAGES = 4
const MAX_MESSAGES = 1000
/** Between two looks at the queue. */
const LOOK_MS = 50
/** A deep queue is measured less often, at most by this factor. */
const MAX_PATIENCE = 20
/** If the queue was empty again within this time, the limit was too low. */
const SOON_MS = 5 * LOOK_MS

/**
 * Keeps a queue as short as its consumers allow. Returns how many more messages may be published now. The
 * queue is first in, first out; messages that wait in the outbox can still be ordered fairly.
 *
 * The depth is measured when half of the limit is used, and again while a caller waits because `room`
 * returned 0. If the queue was empty at two measurements in short succession, the limit is doubled. If it was
 * more than half full, the limit is lowered.
 */
export class ShallowQueue {
  readonly #depth: () => Promise<number>
  readonly #looked: () => void
  #limit = MIN_MESSAGES
  #room = MIN_MESSAGES
  #isLooking = false
  #isAwaited = false
  #lookedAt = performance.now()
  #pauseMs = LOOK_MS

  /** @param looked called after `room` returned 0, when it is worth another try */
  constructor(depth: () => Promise<number>, looked: () => void) {
    this.#depth = depth
    this.#looked = looked
  }

  /** Returns how many more messages may be published now. */
  room(): number {
    if (this.#room > 0) return this.#room
    this.#isAwaited = true
    this.#look()
    return 0
  }

  /** To be called for each message that is published. */
  published(): void {
    this.#room--
    if (this.#room <= this.#limit / 2) this.#look()
  }

  #look(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    void this.#measure().finally(() => {
      this.#isLooking = false
      if (!this.#isAwaited) return
      this.#isAwaited = false
      this.#looked()
    })
  }

  async #measure(): Promise<void> {
    const pauseMs = this.#lookedAt + this.#pauseMs - performance.now()
    if (pauseMs > 0) await wait(pauseMs)
    // A queue whose depth is unknown counts as full.
    const depth = await this.#depth().catch(() => MAX_MESSAGES)
    const isSoon = performance.now() - this.#lookedAt < SOON_MS
    this.#lookedAt = performance.now()
    this.#limit = limitAfter(this.#limit, depth, isSoon)
    this.#room = this.#limit - depth
    this.#pauseMs = LOOK_MS * Math.min(Math.max(depth / this.#limit, 1), MAX_PATIENCE)
  }
}

function limitAfter(limit: number, depth: number, isSoon: boolean): number {
  if (isSoon && depth === 0) return Math.min(limit * 2, MAX_MESSAGES)
  if (isSoon && depth <= limit / 2) return limit
  return Math.max(Math.floor(limit * 0.9), MIN_MESSAGES)
}
