import type { Pool, PoolClient } from 'pg'
import { inTransaction } from '../database/transaction.ts'

/** Key of the advisory lock, together with the schema's name. */
const HISTORY_LOCK = 7_202_612
const EVENTS_AT_ONCE = 100_000

/**
 * Adds up the events of the last minutes, writes this minute's row of the history and removes rows that are
 * older than a day. Of many processes that call it in the same minute, one does it. Resolves with whether
 * this one did.
 */
export async function writeMinute(pool: Pool): Promise<boolean> {
  return await inTransaction(pool, async (client) => {
    if (!(await isWriter(client))) return false
    while ((await addUp(client)) === EVENTS_AT_ONCE);
    await client.query(SAMPLE)
    await client.query(`DELETE FROM history WHERE minute < now() - interval '24 hours'`)
    return true
  })
}

async function isWriter(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ is_writer: boolean }>(
    `SELECT pg_try_advisory_xact_lock(${HISTORY_LOCK}, hashtext(current_schema())) AND NOT EXISTS (
       SELECT FROM history WHERE minute = date_trunc('minute', now()) AND pending IS NOT NULL
     ) AS is_writer`
  )
  return rows[0]?.is_writer ?? false
}

/** Resolves with the number of events. */
async function addUp(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ events: number }>(ADD_UP)
  return rows[0]?.events ?? 0
}

const ADD_UP = `
WITH event AS (
  DELETE FROM image_events WHERE ctid = ANY (ARRAY(SELECT ctid FROM image_events LIMIT ${EVENTS_AT_ONCE})) RETURNING *
), counted AS (
  INSERT INTO image_counts AS c (status, code, n) SELECT status, code, sum(n) FROM event GROUP BY 1, 2
  ON CONFLICT (status, code) DO UPDATE SET n = c.n + EXCLUDED.n
), wait AS (
  SELECT minute, bucket, sum(n) AS n FROM event WHERE bucket IS NOT NULL GROUP BY 1, 2
), written AS (
  INSERT INTO history AS h (minute, created, done, failed, waits)
  SELECT minute, coalesce(sum(n) FILTER (WHERE event = 'created'), 0),
    coalesce(sum(n) FILTER (WHERE event = 'ended' AND status = 'done'), 0),
    coalesce(sum(n) FILTER (WHERE event = 'ended' AND status = 'failed'), 0),
    ARRAY(SELECT coalesce(w.n, 0) FROM generate_series(0, 39) AS b (bucket)
      LEFT JOIN wait w ON w.bucket = b.bucket AND w.minute = event.minute ORDER BY b.bucket)
  FROM event GROUP BY minute
  ON CONFLICT (minute) DO UPDATE SET created = h.created + EXCLUDED.created, done = h.done + EXCLUDED.done,
    failed = h.failed + EXCLUDED.failed,
    waits = ARRAY(SELECT coalesce(a, 0) + b
      FROM unnest(h.waits, EXCLUDED.waits) WITH ORDINALITY AS w (a, b, n) ORDER BY n)
)
SELECT count(*)::integer AS events FROM event`

/** Since when the oldest pending image has been due. */
export const OLDEST_DUE_S = `(SELECT greatest(0, extract(epoch FROM now() - due_at))::float8 FROM product_images
  WHERE status = 'pending' AND due_at <= now() ORDER BY due_at LIMIT 1)`

const SAMPLE = `
INSERT INTO history (minute, pending, oldest_due_s)
SELECT date_trunc('minute', now()),
  coalesce((SELECT sum(n) FROM image_counts WHERE status = 'pending'), 0), ${OLDEST_DUE_S}
ON CONFLICT (minute) DO UPDATE SET pending = EXCLUDED.pending, oldest_due_s = EXCLUDED.oldest_due_s`
