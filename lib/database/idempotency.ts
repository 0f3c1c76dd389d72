import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { AppError } from '../http/app-error.ts'

/** Names a request that its caller may send again although it is to be done once. */
export interface IdempotencyKey {
  caller: string
  key: string
}

interface Answer {
  free: boolean
  created: number | null
  /** What the key has created before; null when it is new. */
  id: number | null
  same: boolean | null
  expired: boolean | null
}

const VALID = `interval '24 hours'`
const UNIQUE_VIOLATION = '23505'

/**
 * A statement that creates, unless the key has been used, and remembers the key in the same commit. `creation` is the CTE
 * `created (id)` and others, made of the rows of `unused`; its values are followed by caller, key and fingerprint from
 * $`first` on. The lock lasts as long as the statement: who does not get it has come while the first is in flight.
 */
export function onceOnly(creation: string, first: number): string {
  const [caller, key, fingerprint] = [`$${first}::text`, `$${first + 1}::text`, `$${first + 2}::bytea`]
  return `
WITH lock AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(hashtextextended(${caller} || ' ' || ${key}, 0)) AS free
), used AS MATERIALIZED (
  SELECT * FROM idempotency_keys WHERE caller = ${caller} AND key = ${key}
), unused AS MATERIALIZED (
  SELECT FROM lock WHERE free AND NOT EXISTS (SELECT FROM used)
), ${creation}, remembered AS (
  INSERT INTO idempotency_keys (caller, key, fingerprint, created_id)
  SELECT ${caller}, ${key}, ${fingerprint}, id FROM created
)
SELECT free, created.id AS created, used.created_id AS id, used.fingerprint = ${fingerprint} AS same,
  used.created_at < now() - ${VALID} AS expired
FROM lock LEFT JOIN created ON true LEFT JOIN used ON true`
}

/**
 * Runs a statement of `onceOnly` and answers the id of what it created, or created when the key was first used. Rejects with
 * `key_reused` when that was for something else, with `in_flight` while it has not ended.
 */
export async function createOnce(
  pool: Pool,
  statement: { name: string; text: string },
  values: unknown[],
  { caller, key }: IdempotencyKey,
  /** Values that a repeated request need not repeat; they follow the fingerprint. */
  others: unknown[] = []
): Promise<number> {
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([statement.name, values]))
    .digest()
  for (;;) {
    const { free, created, id, same, expired } = await attempt()
    if (created !== null) return created
    if (expired) await forget(pool, { caller, key })
    else if (id !== null && same) return id
    else if (id !== null)
      throw new AppError('key_reused', 'The Idempotency-Key was used for another request.', KEY_USED)
    else if (!free)
      throw new AppError('in_flight', 'The first request with this Idempotency-Key is not answered yet.')
  }

  async function attempt(): Promise<Answer> {
    try {
      const { rows } = await pool.query<Answer>({
        ...statement,
        values: [...values, caller, key, fingerprint, ...others]
      })
      return rows[0] ?? NOTHING
    } catch (error) {
      // The first request has ended after this one looked for it and before it wrote.
      const { code, constraint } = error as { code?: string; constraint?: string }
      if (code === UNIQUE_VIOLATION && constraint === 'idempotency_keys_pkey') return NOTHING
      throw error
    }
  }
}

const NOTHING: Answer = { free: true, created: null, id: null, same: null, expired: null }
const KEY_USED = [{ pointer: 'idempotency-key', detail: 'must be a new one for a new request' }]

async function forget(pool: Pool, { caller, key }: IdempotencyKey): Promise<void> {
  await pool.query(
    `DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND created_at < now() - ${VALID}`,
    [caller, key]
  )
}

/** Removes keys that are not valid any more, `limit` at most; answers how many that were. */
export async function removeExpiredKeys(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM idempotency_keys WHERE (caller, key) IN (
       SELECT caller, key FROM idempotency_keys WHERE created_at < now() - ${VALID}
       ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [limit]
  )
  return rowCount ?? 0
}
