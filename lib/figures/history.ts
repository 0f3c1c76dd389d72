import type { Pool } from 'pg'
import { quantileMs } from './quantile.ts'
import type { Minute } from './schemas.ts'

interface Row extends Omit<Minute, 'minute' | 'p50_ms' | 'p95_ms'> {
  minute: Date
  waits: number[]
}

/** Resolves with the minutes from `since` on, oldest first. */
export async function readHistory(pool: Pool, since: Date): Promise<Minute[]> {
  const { rows } = await pool.query<Row>(
    `SELECT minute, created::float8, done::float8, failed::float8, waits::float8[], pending::float8, oldest_due_s
     FROM history WHERE minute >= $1 AND minute >= now() - interval '24 hours' ORDER BY minute`,
    [since]
  )
  return rows.map(({ minute, waits, ...row }) => ({
    ...row,
    minute: minute.toISOString(),
    p50_ms: quantileMs(waits, 0.5),
    p95_ms: quantileMs(waits, 0.95)
  }))
}
