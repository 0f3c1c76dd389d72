import { EventEmitter } from 'node:events'
import type { Pool } from 'pg'
import type { Carrier } from '../log/context.ts'

export type OutboxKind = 'images' | 'object' | 'webhook'
const KINDS: OutboxKind[] = ['images', 'object', 'webhook']

/** `key` of an object that is to be removed, `version` of a product whose images are finished. */
export interface Payload extends Carrier {
  key?: string
  version?: number
}

/** A row that this process holds until its lease ends. */
export interface OutboxRow {
  id: string
  kind: OutboxKind
  product_id: number | null
  payload: Payload
  /** How often it has been claimed, this time included. */
  claims: number
  /** Of its product; null when that is gone. */
  user_id: number | null
  product_images: string[] | null
}

/** What is yet to be owed: in milliseconds from now. */
export interface Owed {
  kind: OutboxKind
  product_id?: number
  payload?: Payload
  wait_ms: number
}

/** Takes over what is owed in its own process, without a claim. */
export interface Taker {
  /** How long a row that is owed now may be leased to it, in milliseconds; 0 when it has no room. */
  readonly leaseMs: number
  /** A row that was owed under that lease. */
  take(row: OutboxRow): void
}

/**
 * Planned anew each time. The plan of a prepared statement stays, and one that was made while nothing was owed reads and sorts all
 * that is owed later, seen.
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
 * The work that is owed, as rows that come due. Claiming a row only moves its due time (a lease), so whatever happens to
 * the claimer, it comes due again; only `done` ends it. Emits `owed` when this process has owed
 * something, and `wake` when something may have come due, whoever owed it.
 */
export class Outbox extends EventEmitter<{ wake: [kinds: OutboxKind[]]; owed: [] }> {
  /** Whoever works on that kind in this process. */
  readonly takers = new Map<OutboxKind, Taker>()
  readonly #pool: Pool

  constructor(pool: Pool) {
    super()
    this.setMaxListeners(0)
    this.#pool = pool
  }

  /** Something of these kinds has been owed here, or may have come due. */
  wake(kinds = KINDS): void {
    this.emit('wake', kinds)
    if (kinds.length > 0) this.emit('owed')
  }

  /** Others may have owed something. */
  othersOwed(): void {
    this.emit('wake', KINDS)
  }

  async claim(kind: OutboxKind, limit: number, leaseMs: number): Promise<OutboxRow[]> {
    const { rows } = await this.#pool.query<OutboxRow>(CLAIM, [kind, limit, leaseMs])
    return rows
  }

  /** The rows' work is in other hands, or done. */
  async done(ids: string[]): Promise<void> {
    await this.#pool.query('DELETE FROM outbox WHERE id = ANY ($1::bigint[])', [ids])
  }

  /** Holds the rows for another lease. */
  async renew(ids: string[], leaseMs: number): Promise<void> {
    await this.#pool.query(
      `UPDATE outbox SET due_at = now() + $2::float8 * interval '1 ms' WHERE id = ANY ($1::bigint[])`,
      [ids, leaseMs]
    )
  }

  /** Gives a row back: it is due at once, and the claim does not count. */
  async release(id: string): Promise<void> {
    await this.#pool.query('UPDATE outbox SET due_at = now(), claims = claims - 1 WHERE id = $1', [id])
  }

  /** Takes every row out of the hands it is in. For a start on a database that no other process works on. */
  async reclaim(): Promise<void> {
    await this.#pool.query('UPDATE outbox SET due_at = now() WHERE claims > 0 AND due_at > now()')
  }

  /** Lets a row come due after `waitMs`. */
  async postpone(id: string, waitMs: number): Promise<void> {
    await this.renew([id], waitMs)
  }

  /** Milliseconds until the next row comes due, null when none is there. */
  async nextDueMs(kind: OutboxKind): Promise<number | null> {
    const { rows } = await this.#pool.query<{ ms: number | null }>(NEXT_DUE, [kind])
    return rows[0]?.ms ?? null
  }
}
