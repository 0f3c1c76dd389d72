import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { Outbox } from '../../lib/outbox/outbox.ts'
import type { OutboxKind } from '../../lib/outbox/row.ts'

interface Rows {
  count?: number
  kind?: OutboxKind
  class?: 0 | 1
  user_id?: number
  /** Milliseconds until they come due, negative for rows that have been due for so long. */
  waitMs?: number
}

/** Inserts rows, each for a product of its own. Resolves with their ids. */
export async function enqueue(pool: Pool, rows: Rows = {}): Promise<string[]> {
  const { count = 1, kind = 'images', user_id = 1, waitMs = 0 } = rows
  const inserted = await pool.query<{ id: string }>(
    `INSERT INTO outbox (kind, class, user_id, product_id, due_at)
     SELECT $2, $3, $4, n, now() + $5::float8 * interval '1 ms' FROM generate_series(1, $1::integer) AS n RETURNING id`,
    [count, kind, rows.class ?? 0, user_id, waitMs]
  )
  return inserted.rows.map(({ id }) => id)
}

/** Makes removals of objects due now that are due only when no upload can be late. */
export async function removeLate({ pg, outbox }: Pick<FastifyInstance, 'pg' | 'outbox'>): Promise<void> {
  await pg.query(
    `UPDATE outbox SET due_at = now(), scheduled = false
     WHERE kind = 'object' AND due_at > now() + interval '2 minutes'`
  )
  outbox.poke(['object'])
}

/** Every row that is left. */
export async function rowsLeft(pool: Pool): Promise<{ claims: number; due: boolean }[]> {
  const text = 'SELECT claims, due_at <= now() AS due FROM outbox ORDER BY id'
  return (await pool.query<{ claims: number; due: boolean }>(text)).rows
}

type Method = 'claim' | 'nextDueMs' | 'done' | 'renew' | 'release'

/** An outbox whose calls can be awaited. */
export class WatchedOutbox extends Outbox {
  readonly #waiting = new Map<Method, PromiseWithResolvers<void>>()

  /** Resolves when the next call of the method has ended. */
  next(method: Method): Promise<void> {
    const waiting = this.#waiting.get(method) ?? Promise.withResolvers<void>()
    this.#waiting.set(method, waiting)
    return waiting.promise
  }

  override claim = this.#watched('claim', super.claim.bind(this))
  override nextDueMs = this.#watched('nextDueMs', super.nextDueMs.bind(this))
  override done = this.#watched('done', super.done.bind(this))
  override renew = this.#watched('renew', super.renew.bind(this))
  override release = this.#watched('release', super.release.bind(this))

  #watched<A extends unknown[], R>(method: Method, call: (...args: A) => Promise<R>) {
    return async (...args: A): Promise<R> => {
      const result = await call(...args)
      this.#waiting.get(method)?.resolve()
      this.#waiting.delete(method)
      return result
    }
  }
}
