import type { Pool } from 'pg'
import type { AttemptStage, SourceVisit } from '../log/attempt-trace.ts'

/** What an attempt took, as it is kept beside its outcome. */
export interface AttemptReport {
  ms: number
  stages: Partial<Record<AttemptStage, number>>
  responses: SourceVisit[]
}

/** An attempt to keep. */
export interface NewAttempt extends AttemptReport {
  image_id: string
  outcome: 'done' | 'unchanged' | 'failed' | 'retry'
  code: string | null
  detail: string | null
}

const MAX_SHOWN = 100

const NOT_REACHED: Record<AttemptStage, null> = {
  dns_ms: null,
  connect_ms: null,
  headers_ms: null,
  body_ms: null,
  core_wait_ms: null,
  compress_ms: null,
  upload_ms: null
}

/** Resolves with the attempts at an image, newest first. Rows that earlier versions wrote hold one each. */
export async function readAttempts(pool: Pool, productId: number, imageId: string) {
  const { rows } = await pool.query<{ at: Date; report: NewAttempt }>(
    `SELECT a.at, report FROM attempts a,
       json_array_elements(coalesce(a.reports::json, json_build_array(a))) AS report
     WHERE a.product_id = $1 AND report->>'image_id' = $2 ORDER BY a.at DESC LIMIT ${MAX_SHOWN}`,
    [productId, imageId]
  )
  return rows.map(({ at, report: { outcome, code, detail, ms, stages, responses } }) => ({
    at: at.toISOString(),
    ...{ outcome, code, detail, ms },
    stages: { ...NOT_REACHED, ...stages },
    // Earlier versions did not record `kept`.
    responses: responses.map((response) => ({ ...response, kept: response.kept ?? false }))
  }))
}

/** Removes attempts that are older than 30 days, at most `limit`. Resolves with their number. */
export async function removeOldAttempts(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM attempts WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM attempts WHERE at < now() - interval '30 days' LIMIT $1))`,
    [limit]
  )
  return rowCount ?? 0
}
