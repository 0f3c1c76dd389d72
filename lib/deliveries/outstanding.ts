import { type Static, Type } from '@sinclair/typebox'
import type { Pool } from 'pg'

/** With waits of ten minutes at most, of which jitter takes off up to half: two to four hours. */
export const MAX_ATTEMPTS = 30

export const Outstanding = Type.Object(
  {
    waiting: Type.Integer({ minimum: 0, description: 'Webhooks that were refused and will be sent again' }),
    next_attempt_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'Of the first of them'
    }),
    given_up: Type.Integer({
      minimum: 0,
      description: 'Webhooks that were given up, of products that no webhook was delivered for since'
    })
  },
  { description: 'Of the newest 10,000 attempts that failed' }
)
export type Outstanding = Static<typeof Outstanding>

/** Whether an outbox row `o` is that of a webhook `w`. Earlier versions wrote rows without an id. */
export const IS_ROW_OF = `o.kind = 'webhook' AND o.product_id = w.product_id
  AND coalesce(o.payload->>'message_id', o.id::text) = w.message_id`

const READ = `WITH failed AS (
  SELECT id, message_id, product_id, attempt FROM deliveries WHERE error IS NOT NULL ORDER BY id DESC LIMIT 10000
), w AS (
  SELECT DISTINCT ON (message_id) * FROM failed ORDER BY message_id, id DESC
)
SELECT count(o.id)::integer AS waiting, min(o.due_at) AS next_attempt_at, count(*) FILTER (
  WHERE o.id IS NULL AND w.attempt >= ${MAX_ATTEMPTS}
    AND NOT EXISTS (SELECT FROM deliveries d
      WHERE d.product_id = w.product_id AND d.id > w.id AND d.error IS NULL)
)::integer AS given_up
FROM w LEFT JOIN outbox o ON ${IS_ROW_OF}`

type Row = Omit<Outstanding, 'next_attempt_at'> & { next_attempt_at: Date | null }

/** Resolves with the number of webhooks that the receiver has not accepted yet. */
export async function readOutstanding(pool: Pool): Promise<Outstanding> {
  const { rows } = await pool.query<Row>(READ)
  const { waiting = 0, next_attempt_at: next = null, given_up = 0 } = rows[0] ?? {}
  return { waiting, next_attempt_at: next?.toISOString() ?? null, given_up }
}
