import type { Pool } from 'pg'
import { pageOf } from '../database/page.ts'
import type { Act } from './audit.ts'

export interface AuditFilter {
  actor?: string
  act?: string
  limit: number
  /** The id of the last entry of the previous page. */
  cursor?: number
}

interface Row extends Act {
  id: string
  at: Date
}

const LIST = `SELECT id::text, at, actor, act, subject FROM audit
WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR act = $2) AND ($3::bigint IS NULL OR id < $3)
ORDER BY audit.id DESC LIMIT $4`

/** Resolves with a page of what operators did, the newest first, and the cursor of the next one. */
export async function listAudit(pool: Pool, { actor, act, limit, cursor }: AuditFilter) {
  const found = await pool.query<Row>(LIST, [actor ?? null, act ?? null, cursor ?? null, limit + 1])
  const { rows, next } = pageOf(found.rows, limit)
  return { entries: rows.map((row) => ({ ...row, at: row.at.toISOString() })), next }
}
