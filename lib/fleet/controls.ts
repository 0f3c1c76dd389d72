import { EventEmitter } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import type { Pool } from 'pg'
import { audited } from '../audit/audit.ts'
import { Batcher } from '../database/batcher.ts'
import { CHANNELS, type Notifications } from '../database/notifications.ts'

/** `intake`: all work. `process`: one process, by its id. `origin`: one origin, by its domain. */
export type ControlKind = 'intake' | 'process' | 'origin'

/** What an operator has ordered. */
export interface Control {
  kind: ControlKind
  /** Empty for the intake. */
  subject: string
  rule: 'pause' | 'narrow' | 'refuse'
  /** Of `narrow`: downloads at once, in each process. */
  places: number | null
  reason: string | null
  by: string
  since: string
}

interface Row extends Omit<Control, 'since'> {
  since: Date
}

export type NewControl = Omit<Control, 'by' | 'since'>

const COLUMNS = 'kind, subject, rule, places, reason, ordered_by AS by, since'
/** The name as Notifications makes it. It is sent when the statement commits. */
const NOTIFY = `pg_notify('${CHANNELS.controls}_' || to_hex(hashtext(current_schema())), '')`

const PUT = `WITH put AS (
  INSERT INTO controls (kind, subject, rule, places, reason, ordered_by) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (kind, subject) DO UPDATE SET rule = excluded.rule, places = excluded.places,
    reason = excluded.reason, ordered_by = excluded.ordered_by, since = now()
) SELECT ${NOTIFY}`

const REMOVE = `WITH removed AS (DELETE FROM controls WHERE kind = $1 AND subject = $2) SELECT ${NOTIFY}`

/**
 * What operators have ordered, in the database and as this process knows it. Emits `changed` when this
 * process learns of a change: at once through a notification, otherwise with its next heartbeat.
 */
export class Controls extends EventEmitter<{ changed: [] }> {
  readonly #pool: Pool
  readonly #loads: Batcher<void>
  #known = new Map<string, Control>()

  constructor(pool: Pool) {
    super()
    this.setMaxListeners(0)
    this.#pool = pool
    // One load after another: the result of an older one must not replace that of a newer one.
    this.#loads = new Batcher<void>(
      async (loads) => {
        await this.#load()
        return loads
      },
      { maxItems: Number.POSITIVE_INFINITY }
    )
  }

  /** Returns what this process knows. */
  get(kind: ControlKind, subject = ''): Control | undefined {
    return this.#known.get(keyOf(kind, subject))
  }

  /** Resolves when this process knows what was committed before the call. */
  load(): Promise<void> {
    return this.#loads.add()
  }

  /** Orders something, in place of what was ordered for the same subject. */
  async put(control: NewControl, actor: string): Promise<void> {
    const { kind, subject, rule, places, reason } = control
    await audited(
      this.#pool,
      { actor, act: `${kind}.${rule}`, subject: { subject, places, reason } },
      (client) => client.query(PUT, [kind, subject, rule, places, reason, actor])
    )
    await this.load()
  }

  /** Ends what was ordered for the subject. */
  async remove(kind: ControlKind, subject: string, actor: string): Promise<void> {
    await audited(this.#pool, { actor, act: `${kind}.resume`, subject: { subject } }, (client) =>
      client.query(REMOVE, [kind, subject])
    )
    await this.load()
  }

  async #load(): Promise<void> {
    const { rows } = await this.#pool.query<Row>(`SELECT ${COLUMNS} FROM controls`)
    const known = new Map(
      rows.map((row) => [keyOf(row.kind, row.subject), { ...row, since: row.since.toISOString() }])
    )
    if (isDeepStrictEqual(known, this.#known)) return
    this.#known = known
    this.emit('changed')
  }
}

/** Loads the controls when another process has changed them. */
export function notifyControls(controls: Controls, notifications: Notifications): void {
  const load = () => void controls.load().catch(() => undefined)
  notifications.subscribe(CHANNELS.controls, { received: load, connected: load })
}

const keyOf = (kind: ControlKind, subject: string) => `${kind} ${subject}`
