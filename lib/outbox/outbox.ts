import type { Pool } from 'pg'
import { OutboxEvents } from './events.ts'
import { LocalConsumers, type Reservation } from './local-consumers.ts'
import { type Claim, OUTBOX_KINDS, type OutboxKind, type OutboxRow } from './row.ts'

/**
 * Planned anew each time. The plan of a prepared statement stays, and one that was made while no row was due reads and sorts all
 * rows that are due later (observed).
 */
const CLAIM = `
WITH due AS MATERIALIZED (
  SELECT id FROM outbox WHERE kind = $1 AND due_at <= now() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE outbox o SET due_at = now() + $3::float8 * interval '1 ms', claims = claims + 1
  FROM due WHERE o.id = due.id
  RETURNING o.id, o.kind, o.product_id, o.payload, o.claims
)
SELECT c.*, p.user_id, array_remove(p.product_images, NULL) AS product_images
FROM claimed c LEFT JOIN products p ON p.id = c.product_id`

/** Planned anew each time, too. */
const NEXT_DUE = `
SELECT (extract(epoch FROM (SELECT due_at FROM outbox WHERE kind = $1 ORDER BY due_at LIMIT 1) - clock_timestamp()) * 1000)::float8 AS ms`

/**
 * The outbox: rows of work that come due. They are inserted in the commit that makes the work necessary, see lib/products. A claim
 * only moves a row's due time (a lease), so whatever happens to the claimer, it comes due again; only `done` ends it.
 */
export class Outbox {
  readonly events = new OutboxEvents()
  readonly consumers = new LocalConsumers()
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** This process has committed rows of these kinds that are due. */
  enqueued(kinds: OutboxKind[]): void {
    this.poke(kinds)
    if (kinds.length > 0) this.events.emit('enqueued')
  }

  /** Rows may be due that another process has enqueued. */
  poke(kinds: OutboxKind[] = [...OUTBOX_KINDS]): void {
    this.events.emit('due', kinds)
  }

  /** Reserves a place in this process for a row that is about to be inserted. Null when there is none. */
  reserve(kind: OutboxKind): Reservation | null {
    return this.consumers.reserve(kind)
  }

  async claim(kind: OutboxKind, limit: number, leaseMs: number): Promise<OutboxRow[]> {
    const { rows } = await this.#pool.query<OutboxRow>(CLAIM, [kind, limit, leaseMs])
    return rows
  }

  /** Deletes the rows: their work was taken over, or is done. */
  async done(claims: Claim[]): Promise<void> {
    const ids = claims.map(({ id }) => id)
    await this.#pool.query('DELETE FROM outbox WHERE id = ANY ($1::bigint[])', [ids])
  }

  /** Keeps the rows for another `forMs` milliseconds; then they come due again. */
  async renew(claims: Claim[], forMs: number): Promise<void> {
    const ids = claims.map(({ id }) => id)
    await this.#pool.query(
      `UPDATE outbox SET due_at = now() + $2::float8 * interval '1 ms' WHERE id = ANY ($1::bigint[])`,
      [ids, forMs]
    )
  }

  /** Makes the rows due at once, as if they had not been claimed. */
  async release(claims: Claim[]): Promise<void> {
    const ids = claims.map(({ id }) => id)
    await this.#pool.query(
      'UPDATE outbox SET due_at = now(), claims = claims - 1 WHERE id = ANY ($1::bigint[])',
      [ids]
    )
  }

  /** Ends every lease. For a start on a database that no other process works on. */
  async reclaim(): Promise<void> {
    await this.#pool.query('UPDATE outbox SET due_at = now() WHERE claims > 0 AND due_at > now()')
  }

  /** Resolves with the milliseconds until the next row comes due, with null when there is none. */
  async nextDueMs(kind: OutboxKind): Promise<number | null> {
    const { rows } = await this.#pool.query<{ ms: number | null }>(NEXT_DUE, [kind])
    return rows[0]?.ms ?? null
  }
}
