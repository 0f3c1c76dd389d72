import type { Pool } from 'pg'
import { audited } from '../audit/audit.ts'
import { pageOf } from '../database/page.ts'
import { AppError } from '../http/app-error.ts'
import { IS_ROW_OF } from './outstanding.ts'

/** One attempt to deliver a webhook. */
export interface Delivery {
  /** Of the webhook, the same in each attempt. */
  message_id: string
  product_id: number
  user_id: number
  attempt: number
  /** Of the response, null without one. */
  status: number | null
  ms: number
  /** Null if the receiver accepted it. */
  error: string | null
}

export interface DeliveryFilter {
  product_id?: number
  /** Only those that the receiver did not accept. */
  failed?: boolean
  limit: number
  /** The id of the last one of the page before. */
  cursor?: number
}

interface Row extends Delivery {
  id: string
  at: Date
  /** Whether the receiver accepted this attempt or a later one. */
  is_delivered: boolean
}

const KEPT = { days: 7, rows: 100_000 }
const MAX_ERROR_LENGTH = 1000

const INSERT = `INSERT INTO deliveries (message_id, product_id, user_id, attempt, status, ms, error)
VALUES ($1, $2, $3, $4, $5, $6, $7)`

const LIST = `SELECT id::text, at, 'asyncprod-' || message_id AS message_id, product_id, user_id, attempt, status,
  ms, error, error IS NULL OR EXISTS (
    SELECT FROM deliveries later WHERE later.product_id = deliveries.product_id AND later.id > deliveries.id
      AND later.message_id = deliveries.message_id AND later.error IS NULL
  ) AS is_delivered
FROM deliveries
WHERE ($1::integer IS NULL OR product_id = $1) AND (NOT $2::boolean OR error IS NOT NULL)
  AND ($3::bigint IS NULL OR id < $3)
ORDER BY deliveries.id DESC LIMIT $4`

/** Makes a retry that waits due now, or enqueues the webhook again. An attempt that runs is not repeated. */
const SEND_AGAIN = `WITH w AS (
  SELECT d.user_id, p.id AS product_id, d.message_id
  FROM deliveries d JOIN products p ON p.id = d.product_id WHERE d.id = $1
), pending AS MATERIALIZED (
  SELECT o.id, o.claims, w.* FROM w JOIN outbox o ON ${IS_ROW_OF}
), hurried AS (
  UPDATE outbox SET due_at = now(), scheduled = false WHERE id IN (
    SELECT pending.id FROM pending JOIN deliveries d USING (product_id, message_id) WHERE d.attempt = pending.claims
  )
), added AS (
  INSERT INTO outbox (kind, user_id, product_id, payload)
  SELECT 'webhook', user_id, product_id, jsonb_build_object('message_id', message_id)
  FROM w WHERE NOT EXISTS (SELECT FROM pending)
)
SELECT FROM w`

const PRUNE = `DELETE FROM deliveries WHERE id IN (
  SELECT id FROM deliveries WHERE id <= greatest(
    (SELECT max(id) FROM deliveries) - ${KEPT.rows},
    (SELECT id FROM deliveries WHERE at < now() - interval '${KEPT.days} days' ORDER BY at DESC LIMIT 1)
  ) ORDER BY id LIMIT $1)`

/** Attempts to deliver webhooks, kept for seven days, 100,000 at most. */
export class Deliveries {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async record({ message_id, product_id, user_id, attempt, status, ms, error }: Delivery): Promise<void> {
    const text = error?.slice(0, MAX_ERROR_LENGTH) ?? null
    await this.#pool.query(INSERT, [message_id, product_id, user_id, attempt, status, Math.round(ms), text])
  }

  /** Resolves with a page, the newest first, and the cursor of the next one. */
  async list({ product_id, failed = false, limit, cursor }: DeliveryFilter) {
    const values = [product_id ?? null, failed, cursor ?? null, limit + 1]
    const { rows, next } = pageOf((await this.#pool.query<Row>(LIST, values)).rows, limit)
    return { deliveries: rows.map((row) => ({ ...row, at: row.at.toISOString() })), next }
  }

  /**
   * Sends the webhook again at once, under its id. Throws `not_found` if the attempt or its product is gone.
   */
  async sendAgain(id: number, actor: string): Promise<void> {
    await audited(this.#pool, { actor, act: 'delivery.send', subject: { id } }, async (client) => {
      const { rowCount } = await client.query(SEND_AGAIN, [id])
      if (rowCount === 0) throw new AppError('not_found', `There is no delivery ${id}, or no product of it.`)
    })
  }

  /** Removes old attempts, `limit` at most. Resolves with their number. */
  async prune(limit: number): Promise<number> {
    return (await this.#pool.query(PRUNE, [limit])).rowCount ?? 0
  }
}
