import type { Pool } from 'pg'
import { withValues } from '../database/statement.ts'
import { type ClaimedRow, claimed } from './diagnostics.ts'
import { OutboxEvents } from './events.ts'
import { LocalConsumers, type Reservation } from './local-consumers.ts'
import { type Claim, OUTBOX_KINDS, type OutboxKind, type OutboxRow } from './row.ts'

/** Claims rows as sql/020.do.claim.sql says. */
export const CLAIM = {
  name: 'outbox-claim',
  text: 'SELECT * FROM claim_outbox($1, $2, $3, $4, $5, $6, $7, $8, $9)'
}

const DONE = { name: 'outbox-done', text: 'SELECT delete_claimed($1, $2)' }

const NEXT_DUE = { name: 'outbox-next-due', text: 'SELECT next_due_ms($1) AS ms' }

/** Share of each claim for bulk work while interactive work is also due. */
const BULK_SHARE = 1 / 8

/** How many rows of one user may be worked on at once, and how many are. */
export interface UserLimit {
  max: number
  running: ReadonlyMap<number, number>
}

export const NO_LIMIT: UserLimit = { max: 2_147_483_647, running: new Map() }

interface Turn extends OutboxRow {
  class: 0 | 1
  wait_ms: number
}

/**
 * The outbox: rows of work that come due. A row is inserted in the commit that makes the work necessary, see
 * lib/products. A claim only moves the row's due time (a lease). If the process that holds it dies, the row
 * comes due again. `done` deletes it. Once a row was claimed again, earlier claims have no effect: `claims`
 * is the fencing token.
 */
export class Outbox {
  readonly events = new OutboxEvents()
  readonly consumers = new LocalConsumers()
  readonly #pool: Pool
  /** The last user of each class that had a turn. */
  readonly #lastUsers = new Map<OutboxKind, [interactive: number, bulk: number]>()
  #isPaused = false

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** To be called after a commit with rows of these kinds. */
  enqueued(kinds: OutboxKind[]): void {
    this.poke(kinds)
    if (kinds.length > 0) this.events.emit('enqueued')
  }

  /** Makes relays look for rows that may be due. */
  poke(kinds: OutboxKind[] = [...OUTBOX_KINDS]): void {
    this.events.emit('due', kinds)
  }

  /** Whether this process takes no work. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Relays of this process claim nothing while `isPaused`. What was claimed before ends as usual. */
  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return
    this.#isPaused = isPaused
    this.events.emit(isPaused ? 'paused' : 'resumed')
    if (!isPaused) this.poke()
  }

  /** Reserves a place in this process for a row of the user that is about to be inserted, if there is one. */
  reserve(kind: OutboxKind, userId: number): Reservation | null {
    return this.consumers.reserve(kind, userId)
  }

  /**
   * Resolves with up to `limit` due rows, those of all users in turn. Fewer rows do not mean that no more are
   * due. Without any, due rows belong to users at their limit, are locked, or were scheduled until now and
   * come with the next claim.
   */
  async claim(
    kind: OutboxKind,
    limit: number,
    leaseMs: number,
    { max, running }: UserLimit = NO_LIMIT
  ): Promise<OutboxRow[]> {
    const [interactive, bulk] = this.#lastUsers.get(kind) ?? [0, 0]
    const bulkPlaces = Math.floor(limit * BULK_SHARE + Math.random())
    const values = [
      kind,
      limit,
      leaseMs,
      bulkPlaces,
      interactive,
      bulk,
      [...running.keys()],
      [...running.values()],
      max
    ]
    const { rows } = await this.#pool.query<Turn>(withValues(this.#pool, CLAIM, values))
    // After a claim that came only to users at their limit, the next one begins behind one of them.
    const full = [...running].flatMap(([user, count]) => (count >= max ? [user] : [])).sort((a, b) => a - b)
    const behind = (user: number) => full.find((id) => id > user) ?? full[0] ?? user
    const last = (of: number, otherwise: number) =>
      rows.findLast((row) => row.class === of)?.user_id ?? (rows.length > 0 ? otherwise : behind(otherwise))
    this.#lastUsers.set(kind, [last(0, interactive), last(1, bulk)])
    return rows.map(({ class: of, wait_ms, ...row }) => {
      claimed.publish({ kind, class: of, waitMs: wait_ms } satisfies ClaimedRow)
      return row
    })
  }

  /** Deletes the rows: their work is done, or was passed on. */
  async done(claims: Claim[]): Promise<void> {
    await this.#pool.query(withValues(this.#pool, DONE, columns(claims)))
  }

  /** Keeps each row for another `forMs` milliseconds; then it comes due again. */
  async renew(claims: (Claim & { forMs: number })[]): Promise<void> {
    await this.#pool.query(
      `UPDATE outbox o SET due_at = now() + c.ms * interval '1 ms', scheduled = true
       FROM unnest($1::bigint[], $2::integer[], $3::float8[]) AS c (id, claims, ms)
       WHERE o.id = c.id AND o.claims = c.claims`,
      [...columns(claims), claims.map(({ forMs }) => forMs)]
    )
  }

  /** Makes the rows due at once, as if they had not been claimed. */
  async release(claims: Claim[]): Promise<void> {
    await this.#pool.query(
      `UPDATE outbox o SET due_at = now(), scheduled = false, claims = o.claims - 1
       FROM unnest($1::bigint[], $2::integer[]) AS c (id, claims)
       WHERE o.id = c.id AND o.claims = c.claims`,
      columns(claims)
    )
  }

  /**
   * Deletes rows of a kind that have been due for longer than `forMs`, unless another process works on such
   * rows or will retry one. Resolves with their number.
   */
  async discard(kind: OutboxKind, forMs: number): Promise<number> {
    const due = (scheduled: string) =>
      `SELECT id FROM outbox WHERE kind = $1 AND ${scheduled} AND due_at < now() - $2::float8 * interval '1 ms'`
    const { rowCount } = await this.#pool.query(
      `DELETE FROM outbox WHERE id IN (${due('scheduled')} UNION ALL ${due('NOT scheduled')})
         AND NOT EXISTS (SELECT FROM outbox WHERE kind = $1 AND scheduled AND due_at > now())`,
      [kind, forMs]
    )
    return rowCount ?? 0
  }

  /** Ends every lease. For a start on a database that no other process works on. */
  async reclaim(): Promise<void> {
    await this.#pool.query('UPDATE outbox SET due_at = now() WHERE claims > 0 AND due_at > now()')
  }

  /** Resolves with the milliseconds until the next row comes due, with null when there is none. */
  async nextDueMs(kind: OutboxKind): Promise<number | null> {
    const next = withValues(this.#pool, NEXT_DUE, [kind])
    const { rows } = await this.#pool.query<{ ms: number | null }>(next)
    return rows[0]?.ms ?? null
  }
}

const columns = (claims: Claim[]) => [claims.map(({ id }) => id), claims.map(({ claims }) => claims)]
