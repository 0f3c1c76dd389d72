import type { Pool } from 'pg'

const MAX_LOG_BYTES = 64 * 2 ** 20

const IS_DUE = `
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn) > ${MAX_LOG_BYTES} AS due
FROM pg_control_checkpoint()`

/** PGlite has no process that does this by itself: its write-ahead log would grow for as long as it runs. */
export async function shortenLog(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ due: boolean }>(IS_DUE)
  if (rows[0]?.due) await pool.query('CHECKPOINT')
}
