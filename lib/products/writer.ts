import { randomUUID } from 'node:crypto'
import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { type Act, record as recordAct } from '../audit/audit.ts'
import { Batcher } from '../database/batcher.ts'
import { isRefused } from '../database/refused.ts'
import { type Statement, withValues } from '../database/statement.ts'
import { inTransaction } from '../database/transaction.ts'
import { carrier } from '../log/context.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { NewOutboxRow } from '../outbox/row.ts'
import { type Change, imagesAfter } from './changes.ts'
import { externalIdTaken } from './create.ts'
import { columnsOf } from './fields.ts'
import { type UrlOf, withUrls } from './image-urls.ts'
import { finishedUrls, type ImageRow, type ProductRecord } from './record.ts'
import { removalsOf, replacedRemovals } from './removals.ts'
import { CHANGE, DELETE, ENQUEUE, RESULT, type WrittenChange } from './statements.ts'

export interface WriterOptions {
  pool: Pool
  outbox: Outbox
  /** Bounds how long a worker may still process an image whose row is gone. */
  jobTimeoutMs: number
  /** Returns what is stored as an object's URL, for the Go service. */
  addressOf: UrlOf
  /** Whether a webhook is notified of products whose images are finished. */
  webhooks?: boolean
}

const CHANGES_A_STATEMENT = 64
/** While a statement is stalled, others can be sent. */
const LANES = 4

/**
 * Writes changes of a product that was read before, with the outbox rows that follow from them, in one
 * commit: alone, together with changes of other products, or with an entry of the audit log.
 */
export class ProductWriter {
  readonly #options: WriterOptions
  readonly #batches = new Batcher((batch: WrittenChange[]) => this.#applyBatch(batch), {
    maxItems: CHANGES_A_STATEMENT,
    lanes: LANES
  })

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /**
   * Resolves with false, and nothing is written, when the product does not have the record's version any
   * more. Rejects with `external_id_taken`. `batched`: together with others, if that does not delay it.
   */
  async apply(record: ProductRecord, change: Change, { batched = false } = {}): Promise<boolean> {
    const written = this.#written(record, change)
    try {
      const applied = await (change.audit
        ? this.#applyAudited(written, change.audit)
        : batched
          ? this.#batches.add(written)
          : this.#applyAlone(written))
      if (applied) this.#enqueued(written.enqueued)
      return applied
    } catch (error) {
      const isTaken = error instanceof DatabaseError && error.constraint === 'products_external_id'
      throw isTaken ? externalIdTaken() : error
    }
  }

  /** Deletes the product, on the same condition. */
  async delete(record: ProductRecord): Promise<boolean> {
    const rows = this.#removals(record, record.images)
    return await this.#write(DELETE, [record.id, record.version, JSON.stringify(rows)], rows)
  }

  /** Inserts outbox rows of a product that may be gone. */
  async enqueue({ id, user_id }: ProductRecord, rows: NewOutboxRow[]): Promise<void> {
    if (rows.length > 0) await this.#write(ENQUEUE, [id, user_id, JSON.stringify(rows)], rows)
  }

  #written(record: ProductRecord, change: Change): WrittenChange {
    const { fields, add, remove, update, enqueue, isBulk } = change
    const { addressOf } = this.#options
    const after = imagesAfter(record, change)
    const compressed_product_images = finishedUrls(
      fields.product_images,
      withUrls({ images: after }, addressOf).images
    )
    const kept = record.images.filter((row) => !remove.includes(row))
    return {
      id: record.id,
      version: record.version,
      fields: { ...columnsOf(fields), compressed_product_images },
      added: add,
      removed: remove.map(({ id }) => id),
      updated: update,
      attempts: change.attempts?.length ? JSON.stringify(change.attempts) : null,
      enqueued: [
        ...enqueue.map((wait_ms) => ({
          kind: 'images' as const,
          payload: carrier(),
          wait_ms,
          ...(isBulk && { class: 1 as const })
        })),
        ...this.#removals(record, remove),
        ...replacedRemovals(kept, after),
        ...this.#webhook(record, change, after)
      ]
    }
  }

  async #applyAlone(change: WrittenChange, client?: PoolClient): Promise<boolean> {
    return (await this.#changedIds(statementsFor([change]).one, [change], client)).length > 0
  }

  #applyAudited(change: WrittenChange, act: Act): Promise<boolean> {
    return inTransaction(this.#options.pool, async (client) => {
      const applied = await this.#applyAlone(change, client)
      if (applied) await recordAct(client, act)
      return applied
    })
  }

  /** A change that the batch does not apply, because of a lock, its version or its data, is applied alone. */
  async #applyBatch(batch: WrittenChange[]): Promise<(boolean | Promise<boolean>)[]> {
    const [only] = batch
    if (only && batch.length === 1) return [await this.#applyAlone(only)]
    // One statement writes a product once.
    const first = new Map(batch.toReversed().map((change) => [change.id, change]))
    const changes = [...first.values()]
    const ids = await this.#changedIds(statementsFor(changes).many, changes).catch(noneIfRefused)
    const applied = new Set(ids.map((id) => first.get(id)))
    return batch.map((change) => applied.has(change) || this.#applyAlone(change))
  }

  async #changedIds(statement: Statement, changes: WrittenChange[], client?: PoolClient): Promise<number[]> {
    const { pool } = this.#options
    const query = withValues(pool, statement, [JSON.stringify(changes)])
    const { rows } = await (client ?? pool).query<{ id: number }>(query)
    return rows.map(({ id }) => id)
  }

  async #write(statement: Statement, values: unknown[], rows: NewOutboxRow[]): Promise<boolean> {
    const { pool } = this.#options
    const { rowCount } = await pool.query(withValues(pool, statement, values))
    if (rowCount === 0) return false
    this.#enqueued(rows)
    return true
  }

  #enqueued(rows: NewOutboxRow[]): void {
    this.#options.outbox.enqueued([...new Set(rows.map(({ kind }) => kind))])
  }

  #removals({ id }: ProductRecord, rows: ImageRow[]): NewOutboxRow[] {
    return removalsOf(id, rows, this.#options.jobTimeoutMs)
  }

  /** The change that leaves no image pending enqueues the webhook. */
  #webhook(record: ProductRecord, change: Change, after: Pick<ImageRow, 'status'>[]): NewOutboxRow[] {
    const isPending = ({ status }: Pick<ImageRow, 'status'>) => status === 'pending'
    const finishes = record.images.some(isPending) && after.length > 0 && !after.some(isPending)
    if (!this.#options.webhooks || !finishes || change.add.length > 0) return []
    const payload = { version: record.version + 1, message_id: randomUUID(), ...carrier() }
    return [{ kind: 'webhook', payload, wait_ms: 0 }]
  }
}

const statementsFor = (changes: WrittenChange[]) =>
  changes.some(({ added, removed }) => added.length > 0 || removed.length > 0) ? CHANGE : RESULT

function noneIfRefused(error: unknown): number[] {
  if (isRefused(error)) return []
  throw error
}
