import type { Pool } from 'pg'
import { AppError, unknownUser } from '../http/app-error.ts'
import { uploadId } from './source.ts'

/** A file that a client sends, or will send. */
export interface Upload {
  id: string
  content_type: string
  /** Null where the client did not say. */
  bytes: number | null
  /** When its URL expires. */
  expires_at: Date
}

/** Long enough for a slow line. S3 checks it only when a request begins. */
export const URL_TTL_S = 3600

const COLUMNS = `id, content_type, bytes, created_at + ${URL_TTL_S} * interval '1 s' AS expires_at`

const CREATE = `
INSERT INTO uploads (user_id, content_type, bytes) SELECT id, $2, $3 FROM users WHERE id = $1 RETURNING ${COLUMNS}`

const FIND = `SELECT ${COLUMNS} FROM uploads WHERE id = $1`

/** The sweep cannot remove them before the statement that names them in a product is committed. */
const KEEP = `
UPDATE uploads SET kept_until = now() + interval '24 hours' WHERE id = ANY ($1::uuid[]) AND user_id = $2 RETURNING id`

/** Objects go through the outbox, so that none is left when a process dies in between. */
const REMOVE_UNUSED = `
WITH ended AS (
  SELECT id, user_id, EXISTS (SELECT FROM product_images i WHERE i.source_url = 'upload:' || u.id) AS used
  FROM uploads u WHERE kept_until < now() ORDER BY kept_until LIMIT $1
  FOR UPDATE SKIP LOCKED
), kept AS (
  UPDATE uploads u SET kept_until = now() + interval '24 hours' FROM ended e WHERE u.id = e.id AND e.used
), removed AS (
  DELETE FROM uploads u USING ended e WHERE u.id = e.id AND NOT e.used RETURNING u.id, u.user_id
), enqueued AS (
  INSERT INTO outbox (kind, class, user_id, payload)
  SELECT 'object', 1, user_id, jsonb_build_object('key', 'uploads/' || id) FROM removed
)
SELECT count(*)::integer AS seen, count(*) FILTER (WHERE NOT used)::integer AS removed FROM ended`

/**
 * The uploads of all users. An upload is kept for 24 hours, and for as long as a product names it.
 */
export class Uploads {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Rejects with `unknown_user`. */
  async create(
    userId: number,
    { content_type, bytes }: Pick<Upload, 'content_type' | 'bytes'>
  ): Promise<Upload> {
    const { rows } = await this.#pool.query<Upload>(CREATE, [userId, content_type, bytes])
    if (!rows[0]) throw unknownUser(userId)
    return rows[0]
  }

  async find(id: string): Promise<Upload | null> {
    const { rows } = await this.#pool.query<Upload>(FIND, [id])
    return rows[0] ?? null
  }

  /**
   * Keeps the uploads among the sources, so that a product can name them. Rejects with `invalid_input` that
   * names each source that is no upload of the user.
   */
  async keep(userId: number, sources: string[], pointerOf = ofProduct): Promise<void> {
    const ids = sources.map(uploadId)
    if (ids.every((id) => id === null)) return
    const { rows } = await this.#pool.query<{ id: string }>(KEEP, [ids, userId])
    const kept = new Set(rows.map(({ id }) => id))
    const problems = ids.flatMap((id, index) =>
      id === null || kept.has(id) ? [] : [{ pointer: pointerOf(index), detail: notTheirs(userId) }]
    )
    if (problems.length > 0) throw new AppError('invalid_input', 'Some images cannot be used.', problems)
  }

  /**
   * Removes uploads that no product names, of at most `limit` whose time is over. Resolves with how many were
   * seen and removed.
   */
  async removeUnused(limit: number): Promise<{ seen: number; removed: number }> {
    const { rows } = await this.#pool.query<{ seen: number; removed: number }>(REMOVE_UNUSED, [limit])
    return rows[0] ?? { seen: 0, removed: 0 }
  }
}

const ofProduct = (index: number) => `/product_images/${index}`

const notTheirs = (userId: number) =>
  `is no upload of user ${userId}: make one with POST /api/v1/uploads, and name it within 24 hours`
