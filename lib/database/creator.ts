import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { AppError } from '../http/app-error.ts'
import { Batcher } from './batcher.ts'
import { VALID } from './creation.ts'
import { isRefused } from './refused.ts'
import { type Statement, withValues } from './statement.ts'

/** Identifies a request that its caller may repeat but that must be carried out once. */
export interface IdempotencyKey {
  caller: string
  key: string
}

/** What was created, with the `columns` of its `creation`. */
export interface Created {
  id: number
}

interface Request {
  caller: string | null
  key: string | null
  fingerprint: string | null
  input: object
  enqueue: object
}

/**
 * `created` is null if nothing was created. `used_id` is the id that an earlier request with the key
 * created.
 */
interface Attempt<C> {
  free: boolean
  /** What would be created exists already. */
  taken: boolean
  created: C | null
  used_id: number | null
  same: boolean | null
  expired: boolean | null
}

/** A statement of this size takes milliseconds. */
const BYTES_A_STATEMENT = 1024 * 1024
const LANES = 4
/** A concurrent statement was faster. The next statement sees its result. */
const RACES = ['idempotency_keys_pkey', 'products_external_id']

interface CreatorOptions {
  requestsAStatement?: number
  statementsAtOnce?: number
  /** A request that would wait longer is refused. */
  maxWaitMs?: number
}

/** What would be created exists already. */
export class TakenError extends Error {}

/** Runs a `creation`: the requests that arrive while a statement runs share the next one. */
export class Creator<C extends Created> {
  readonly #pool: Pool
  readonly #statement: Statement
  /** Their JSON. */
  readonly #requests: Batcher<string, Attempt<C>>
  readonly #maxWaitMs: number

  constructor(pool: Pool, statement: Statement, options: CreatorOptions = {}) {
    const { requestsAStatement = 64, statementsAtOnce = 1, maxWaitMs = 1000 } = options
    this.#maxWaitMs = maxWaitMs
    this.#pool = pool
    this.#statement = statement
    this.#requests = new Batcher((requests) => this.#send(requests), {
      maxItems: requestsAStatement,
      maxBytes: BYTES_A_STATEMENT,
      bytesOf: (json) => json.length,
      atOnce: statementsAtOnce,
      lanes: LANES
    })
  }

  /**
   * Resolves with what was created, or with only the id if the same request used the key before. Rejects with
   * `key_reused` if another request used the key, with `in_flight` while the first request runs, with
   * `overloaded` if too many requests wait, and with a TakenError. `enqueue` may differ when a request is
   * repeated.
   */
  async create(input: object, key?: IdempotencyKey, enqueue: object = {}): Promise<C | Created> {
    const fingerprint = key ? this.#fingerprint(input) : null
    const request: Request = { caller: null, key: null, ...key, fingerprint, input, enqueue }
    const json = JSON.stringify(request)
    for (;;) {
      if (this.#requests.waitMs > this.#maxWaitMs) throw OVERLOADED
      const { free, taken, created, used_id, same, expired } = await this.#requests.add(json)
      if (created) return created
      if (taken) throw new TakenError()
      if (key && expired) await forget(this.#pool, key)
      else if (used_id !== null && same) return { id: used_id }
      else if (used_id !== null)
        throw new AppError('key_reused', 'The Idempotency-Key was used for another request.', KEY_USED)
      else if (!free)
        throw new AppError('in_flight', 'The first request with this Idempotency-Key has no response yet.')
    }
  }

  #fingerprint(input: object): string {
    return createHash('sha256')
      .update(JSON.stringify([this.#statement.name, input]))
      .digest('hex')
  }

  /** Halves a batch that the database refuses, until the refused request is alone: only that must fail. */
  async #send(requests: string[]): Promise<(Attempt<C> | Promise<Attempt<C>>)[]> {
    try {
      return await this.#query(requests)
    } catch (error) {
      if (!isRefused(error)) throw error
      if (RACES.includes(error.constraint ?? '')) return await this.#send(requests)
      if (requests.length === 1) throw error
      const half = Math.ceil(requests.length / 2)
      const first = await this.#settle(requests.slice(0, half))
      return [...first, ...(await this.#settle(requests.slice(half)))]
    }
  }

  /** As `#send`, but an error is the result of each request. */
  async #settle(requests: string[]): Promise<(Attempt<C> | Promise<Attempt<C>>)[]> {
    return await this.#send(requests).catch((error: unknown) => requests.map(() => refusal(error)))
  }

  async #query(requests: string[]): Promise<Attempt<C>[]> {
    const statement = withValues(this.#pool, this.#statement, [`[${requests.join()}]`])
    const { rows } = await this.#pool.query<Attempt<C>>(statement)
    return rows
  }
}

/** Shared: creating an error with its stack is a large part of the cost of a refusal. */
const OVERLOADED = new AppError('overloaded', 'The service is overloaded; retry later.')

/** Rejects when it is awaited, and is not reported as unhandled before. */
function refusal(error: unknown): Promise<never> {
  const refused = Promise.reject(error)
  refused.catch(() => undefined)
  return refused
}

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
