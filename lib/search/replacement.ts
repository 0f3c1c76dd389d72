import type { Pool } from 'pg'

interface Row {
  source_url: string
  by: string
  at: Date
}

/** Resolves with the source that an operator replaced by this one, or with null. */
export async function findReplaced(pool: Pool, productId: number, source: string) {
  const { rows } = await pool.query<Row>(
    `SELECT subject->>'from' AS source_url, actor AS by, at FROM audit
     WHERE act = 'image.replace' AND (subject->>'product_id')::integer = $1 AND subject->>'to' = $2
     ORDER BY audit.id DESC LIMIT 1`,
    [productId, source]
  )
  return rows[0] ? { ...rows[0], at: rows[0].at.toISOString() } : null
}
