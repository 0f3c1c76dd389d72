import type { Pool } from 'pg'
import { OUTBOX_KINDS } from '../outbox/row.ts'
import { IMAGE_COUNTS } from './kept-counts.ts'
import { OLDEST_DUE_S } from './minute.ts'
import { quantileMs } from './quantile.ts'
import type { OutboxCount, Overview } from './schemas.ts'

type DatabaseFigures = Omit<Overview, 'queue' | 'dependencies' | 'dependency_errors'>

/** Rows of each kind and class are counted up to this number. */
const MAX_COUNTED = 10_000

/** Resolves with the figures of the whole fleet. The cost does not grow with the number of images. */
export async function readOverview(pool: Pool): Promise<DatabaseFigures> {
  const [images, [flow], waits, outbox] = await Promise.all([
    pool.query<ImageCount>(IMAGES).then(({ rows }) => rows),
    pool.query<Flow>(FLOW).then(({ rows }) => rows),
    pool.query<{ waits: number[] }>(WAITS).then(({ rows }) => rows[0]?.waits ?? []),
    pool.query<OutboxCount>(OUTBOX, [OUTBOX_KINDS]).then(({ rows }) => rows)
  ])
  const { at, oldest_due_s, hour_done: done, hour_failed: failed, ...rates } = flow ?? NO_FLOW
  return {
    at: at.toISOString(),
    images: imagesOf(images),
    rates,
    last_hour: { done, failed },
    time_to_done: {
      p50_ms: quantileMs(waits, 0.5),
      p95_ms: quantileMs(waits, 0.95),
      images: waits.reduce((sum, n) => sum + n, 0)
    },
    oldest_due_s,
    outbox: outbox.map((row) => ({
      ...row,
      due: Math.min(row.due, MAX_COUNTED),
      waiting: Math.min(row.waiting, MAX_COUNTED),
      is_capped: row.due > MAX_COUNTED || row.waiting > MAX_COUNTED
    }))
  }
}

type Flow = Overview['rates'] & {
  at: Date
  oldest_due_s: number | null
  hour_done: number
  hour_failed: number
}
const NO_FLOW: Flow = {
  ...{ at: new Date(0), oldest_due_s: null, hour_done: 0, hour_failed: 0 },
  ...{ created_per_s: 0, done_per_s: 0, failed_per_s: 0 }
}

interface ImageCount {
  status: string
  code: string
  n: number
}

function imagesOf(counts: ImageCount[]): Overview['images'] {
  const of = (status: string) => counts.filter((count) => count.status === status)
  const total = (status: string) => of(status).reduce((sum, { n }) => sum + n, 0)
  const byCode = (status: string) =>
    Object.fromEntries(of(status).flatMap(({ code, n }) => (code && n > 0 ? [[code, n]] : [])))
  return {
    pending: total('pending'),
    done: total('done'),
    failed: total('failed'),
    failed_by_code: byCode('failed'),
    retrying_by_code: byCode('pending')
  }
}

const IMAGES = `SELECT status, code, sum(n)::float8 AS n FROM (${IMAGE_COUNTS}) AS counts GROUP BY 1, 2`

/** Rates are from the start of the minute four minutes ago until now. */
const FLOW = `
WITH flow AS (
  SELECT minute, created, done, failed FROM history
  UNION ALL
  SELECT minute, CASE WHEN event = 'created' THEN n END, CASE WHEN event = 'ended' AND status = 'done' THEN n END,
    CASE WHEN event = 'ended' AND status = 'failed' THEN n END
  FROM image_events
), span AS (
  SELECT start, extract(epoch FROM now() - start)::float8 AS seconds
  FROM (SELECT date_trunc('minute', now()) - interval '4 min' AS start) AS s
), total AS (
  SELECT sum(created) FILTER (WHERE minute >= start) AS created, sum(done) FILTER (WHERE minute >= start) AS done,
    sum(failed) FILTER (WHERE minute >= start) AS failed, sum(done) AS hour_done, sum(failed) AS hour_failed
  FROM span, flow WHERE minute >= now() - interval '1 hour'
)
SELECT now() AS at, ${OLDEST_DUE_S} AS oldest_due_s, coalesce(created / seconds, 0)::float8 AS created_per_s,
  coalesce(done / seconds, 0)::float8 AS done_per_s, coalesce(failed / seconds, 0)::float8 AS failed_per_s,
  coalesce(hour_done, 0)::float8 AS hour_done, coalesce(hour_failed, 0)::float8 AS hour_failed
FROM span, total`

const WAITS = `
WITH wait AS (
  SELECT w.nth - 1 AS bucket, w.n FROM history, unnest(waits) WITH ORDINALITY AS w (n, nth)
  WHERE minute >= now() - interval '1 hour'
  UNION ALL
  SELECT bucket, n FROM image_events WHERE bucket IS NOT NULL AND minute >= now() - interval '1 hour'
)
SELECT ARRAY(SELECT coalesce(sum(n), 0)::float8 FROM generate_series(0, 39) AS b (bucket) LEFT JOIN wait USING (bucket)
  GROUP BY bucket ORDER BY bucket) AS waits`

const counted = (condition: string) => `SELECT due_at, class FROM outbox
  WHERE kind = k.kind AND ${condition} LIMIT ${MAX_COUNTED + 1}`

/** Rows that are scheduled for later, or that a process works on, are waiting. */
const OUTBOX = `
SELECT k.kind, CASE c.class WHEN 0 THEN 'interactive' ELSE 'bulk' END AS class, due.n::integer AS due,
  waiting.n::integer AS waiting, extract(epoch FROM now() - due.oldest)::float8 AS oldest_due_s
FROM unnest($1::text[]) WITH ORDINALITY AS k (kind, nth), (VALUES (0), (1)) AS c (class),
LATERAL (
  SELECT count(*) AS n, min(due_at) AS oldest FROM (
    (${counted('class = c.class AND NOT scheduled AND due_at <= now()')})
    UNION ALL (SELECT due_at, class FROM (${counted('scheduled AND due_at <= now()')}) AS come WHERE class = c.class)
  ) AS rows
) AS due,
LATERAL (
  SELECT count(*) AS n FROM (${counted('scheduled AND due_at > now()')}) AS rows WHERE class = c.class
) AS waiting
ORDER BY k.nth, c.class`
