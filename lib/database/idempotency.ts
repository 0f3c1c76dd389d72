import { createHash } from 'node:crypto'
import { DatabaseError, type Pool } from 'pg'
import { AppError } from '../http/app-error.ts'
import { type Statement, withValues } from './statement.ts'

/** Identifies a request that its caller may repeat but that must be carried out once. */
export interface IdempotencyKey {
  caller: string
  key: string
}

/** A row of the CTE `created`, see `creation`. */
export interface Created {
  id: number
  /** Of the outbox row of a new product; nothing without images, or when the key was used before. */
  outbox_id?: string | null
}

/**
 * `created` is null if nothing was created. `used_id` is the id that an earlier request with the key created.
 */
interface Attempt {
  free: boolean
  created: Created | null
  used_id: number | null
  same: boolean | null
  expired: boolean | null
}

const VALID = `interval '24 hours'`
const UNIQUE_VIOLATION = '23505'

/**
 * Returns a statement that creates something and stores the Idempotency-Key in the same commit, unless the
 * key was used before. `$1` is the caller, `$2` the key, `$3` the request's fingerprint; all are null without
 * a key.
 * The last of `ctes` is `created (id, …)`, which selects from `unused`. Their parameters begin at `$4`.
 * The advisory lock is held for the statement. If it cannot be acquired, the first request is still running.
 */
export const creation = (ctes: string) => `
WITH lock AS MATERIALIZED (
  SELECT $2::text IS NULL OR pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', current_schema(), $1::text, $2), 0)) AS free
), used AS MATERIALIZED (
  SELECT * FROM idempotency_keys WHERE caller = $1 AND key = $2
), unused AS MATERIALIZED (
  SELECT FROM lock WHERE free AND NOT EXISTS (SELECT FROM used)
), ${ctes}, remembered AS (
  INSERT INTO idempotency_keys (caller, key, fingerprint, created_id)
  SELECT $1, $2, $3::bytea, id FROM created WHERE $2 IS NOT NULL
)
SELECT free, to_json(created) AS created, used.created_id AS used_id, used.fingerprint = $3 AS same,
  used.created_at < now() - ${VALID} AS expired
FROM lock LEFT JOIN created ON true LEFT JOIN used ON true`

/**
 * Runs a `creation`. Resolves with its row of `created`, or with only the id if the same request used the key
 * before. Rejects with `key_reused` if another request used the key, and with `in_flight` while the first
 * request runs.
 * `values` belong to the fingerprint. `others` may differ when the request is repeated.
 */
export async function create(
  pool: Pool,
  statement: Statement,
  values: unknown[],
  { caller, key }: IdempotencyKey | Record<keyof IdempotencyKey, null> = NO_KEY,
  others: unknown[] = []
): Promise<Created> {
  const fingerprint =
    key &&
    createHash('sha256')
      .update(JSON.stringify([statement.name, values]))
      .digest()
  for (;;) {
    const { free, created, used_id, same, expired } = await attempt()
    if (created) return created
    if (key && expired) await forget(pool, { caller, key })
    else if (used_id !== null && same) return { id: used_id }
    else if (used_id !== null)
      throw new AppError('key_reused', 'The Idempotency-Key was used for another request.', KEY_USED)
    else if (!free)
      throw new AppError('in_flight', 'The first request with this Idempotency-Key has no response yet.')
  }

  async function attempt(): Promise<Attempt> {
    try {
      const parameters = [caller, key, fingerprint, ...values, ...others]
      const { rows } = await pool.query<Attempt>(withValues(pool, statement, parameters))
      return rows[0] ?? NOTHING
    } catch (error) {
      // The first request ended between this one's look at the key and its insert.
      const isRace = error instanceof DatabaseError && error.code === UNIQUE_VIOLATION
      if (isRace && error.constraint === 'idempotency_keys_pkey') return NOTHING
      throw error
    }
  }
}

const NO_KEY = { caller: null, key: null }
const NOTHING = { free: true, created: null, used_id: null, same: null, expired: null }
const KEY_USED = [{ pointer: 'idempotency-key', detail: 'must be a new one for a new request' }]

async function forget(pool: Pool, { caller, key }: IdempotencyKey): Promise<void> {
  await pool.query(
    `DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND created_at < now() - ${VALID}`,
    [caller, key]
  )
}

/** Removes at most `limit` keys that have expired. Resolves with their number. */
export async function removeExpiredKeys(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM idempotency_keys WHERE (caller, key) IN (
       SELECT caller, key FROM idempotency_keys WHERE created_at < now() - ${VALID}
       ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [limit]
  )
  return rowCount ?? 0
}
