import type { Pool } from 'pg'
import { record } from '../audit/audit.ts'
import { inTransaction } from '../database/transaction.ts'
import { AppError } from '../http/app-error.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { ACT_STATUS, type ActName } from '../products/acts.ts'
import { countImages, type ImageCount } from '../search/count.ts'
import type { Place } from '../search/place.ts'
import type { ImageFilter } from '../search/schemas.ts'
import type { Action } from './schemas.ts'

const COLUMNS = `id, action, filter, state, images::float8, seen::float8, changed::float8, actor, created_at, ended_at`

/** Bounds of the count: an operator waits for it in a dry run, and at the start of an action. */
const COUNT_MS = 100
const START_MS = 5000

type Row = Omit<Action, 'created_at' | 'ended_at'> & { created_at: Date; ended_at: Date | null }

/** An action as its runner needs it. */
export interface RunningAction {
  action: ActName
  filter: ImageFilter
  place: Place | null
  created_at: Date
}

/** Changes of all images that match a filter. Each is continued through an outbox row until it ends. */
export class Actions {
  readonly #pool: Pool
  readonly #outbox: Outbox

  constructor(pool: Pool, outbox: Outbox) {
    this.#pool = pool
    this.#outbox = outbox
  }

  /** Resolves with how many images `start` would act on, as far as counted. Rejects as `start` does. */
  count(action: ActName, filter: ImageFilter): Promise<ImageCount> {
    return countImages(this.#pool, filterOf(action, filter), { at: new Date(), ms: COUNT_MS })
  }

  /** Rejects with `invalid_input` if the action is not for images of the filter's status. */
  async start(action: ActName, filter: ImageFilter, actor: string): Promise<Action> {
    const whole = filterOf(action, filter)
    const { images, is_exact } = await countImages(this.#pool, whole, { at: new Date(), ms: START_MS })
    const started = await inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<Row>(
        `INSERT INTO actions (action, filter, images, actor) VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}`,
        [action, JSON.stringify(whole), images, actor]
      )
      const [row] = rows
      if (!row) throw new Error('The action was not inserted')
      const { id } = row
      await client.query(`INSERT INTO outbox (kind, class, payload) VALUES ('action', 1, $1)`, [
        { action_id: id }
      ])
      const subject = { id, action, filter: whole, images, ...(!is_exact && { is_exact }) }
      await record(client, { actor, act: 'action.start', subject })
      return toAction(row)
    })
    this.#outbox.enqueued(['action'])
    return started
  }

  /** Cancels an action unless it has ended. Resolves with it, or with null if there is none. */
  async cancel(id: number, actor: string): Promise<Action | null> {
    await inTransaction(this.#pool, async (client) => {
      const { rowCount } = await client.query(
        `UPDATE actions SET state = 'cancelled', ended_at = now() WHERE id = $1 AND state = 'running'`,
        [id]
      )
      if (rowCount) await record(client, { actor, act: 'action.cancel', subject: { id } })
    })
    return await this.find(id)
  }

  async find(id: number): Promise<Action | null> {
    const { rows } = await this.#pool.query<Row>(`SELECT ${COLUMNS} FROM actions WHERE id = $1`, [id])
    return rows[0] ? toAction(rows[0]) : null
  }

  /** Resolves with the actions whose ids are below `before`, newest first. */
  async list(limit: number, before = 2_147_483_647): Promise<Action[]> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT ${COLUMNS} FROM actions WHERE id < $1 ORDER BY id DESC LIMIT $2`,
      [before, limit]
    )
    return rows.map(toAction)
  }

  /** Resolves with null if the action has ended. */
  async running(id: number): Promise<RunningAction | null> {
    const { rows } = await this.#pool.query<RunningAction>(
      `SELECT action, filter, place, created_at FROM actions WHERE id = $1 AND state = 'running'`,
      [id]
    )
    return rows[0] ?? null
  }

  /**
   * Records the progress. `seen` may exceed the count, which had to end in time. `next` is where the action
   * continues; null ends it.
   */
  async progress(id: number, seen: number, changed: number, next: Place | null): Promise<void> {
    await this.#pool.query(
      `UPDATE actions SET images = greatest(images, seen + $2), seen = seen + $2, changed = changed + $3,
         place = $4, state = CASE WHEN $4::jsonb IS NULL THEN 'done' ELSE state END,
         ended_at = CASE WHEN $4::jsonb IS NULL THEN now() END
       WHERE id = $1 AND state = 'running'`,
      [id, seen, changed, next && JSON.stringify(next)]
    )
  }
}

function filterOf(action: ActName, filter: ImageFilter): ImageFilter {
  const status = ACT_STATUS[action]
  if (status === undefined) return filter
  if (filter.status === undefined || filter.status === status) return { ...filter, status }
  throw new AppError('invalid_input', `${action} is for images that are ${status}.`, [
    { pointer: '/filter/status', detail: `must be ${status}, or left out` }
  ])
}

const toAction = ({ created_at, ended_at, ...row }: Row): Action => ({
  ...row,
  created_at: created_at.toISOString(),
  ended_at: ended_at === null ? null : ended_at.toISOString()
})
