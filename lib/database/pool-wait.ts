import type { Pool, PoolClient } from 'pg'

/** Weight of the latest statement in the moving average. */
const WEIGHT = 0.05

/**
 * Estimates the wait for a connection: requests that wait, times the average time a connection is held,
 * divided by the pool's size. A number of waiting requests would say nothing: a thousand are 50 ms of work
 * for one database and minutes for another.
 */
export class PoolWaitEstimate {
  readonly #pool: Pool
  readonly #taken = new WeakMap<PoolClient, number>()
  /** How long a connection is held, in milliseconds. */
  #heldMs = 0

  constructor(pool: Pool) {
    this.#pool = pool
    pool.on('acquire', (client) => this.#taken.set(client, performance.now()))
    pool.on('release', (_error, client) => {
      const heldMs = performance.now() - (this.#taken.get(client) ?? Number.NaN)
      if (heldMs >= 0) this.#heldMs += (heldMs - this.#heldMs) * WEIGHT
    })
  }

  get waitMs(): number {
    return (this.#pool.waitingCount * this.#heldMs) / this.#pool.options.max
  }
}
