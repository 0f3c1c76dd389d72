import { randomUUID } from 'node:crypto'
import { DatabaseError, type Pool } from 'pg'
import { type Statement, withValues } from '../database/statement.ts'
import { carrier } from '../log/context.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { NewOutboxRow } from '../outbox/row.ts'
import { type Change, imagesAfter } from './changes.ts'
import { externalIdTaken } from './create.ts'
import { columnsOf } from './fields.ts'
import { finishedUrls, type ImageRow, type ProductRecord } from './record.ts'
import { removalsOf } from './removals.ts'
import { CHANGE, DELETE, ENQUEUE } from './statements.ts'

export interface WriterOptions {
  pool: Pool
  outbox: Outbox
  /** Bounds how long a worker may still process an image whose row is gone. */
  jobTimeoutMs: number
  /** Whether a webhook is notified of products whose images are finished. */
  webhooks?: boolean
}

/**
 * Writes changes of a product that was read before, with the outbox rows that follow from them, in one
 * statement each.
 */
export class ProductWriter {
  readonly #options: WriterOptions

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /**
   * Resolves with false, and nothing is written, when the product does not have the record's version any
   * more. Rejects with `external_id_taken`.
   */
  async apply(record: ProductRecord, change: Change): Promise<boolean> {
    const { fields, add, remove, update, enqueue, isBulk } = change
    const compressed_product_images = finishedUrls(fields.product_images, imagesAfter(record, change))
    const rows = [
      ...enqueue.map((wait_ms) => ({
        kind: 'images' as const,
        payload: carrier(),
        wait_ms,
        ...(isBulk && { class: 1 as const })
      })),
      ...this.#removals(record, remove),
      ...this.#webhook(record, change)
    ]
    const values = [
      JSON.stringify({ ...columnsOf(fields), compressed_product_images }),
      add,
      remove.map(({ id }) => id),
      JSON.stringify(update),
      JSON.stringify(rows)
    ]
    try {
      return await this.#write(CHANGE, [record.id, record.version, ...values], rows)
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

  async #write(statement: Statement, values: unknown[], rows: NewOutboxRow[]): Promise<boolean> {
    const { pool, outbox } = this.#options
    const { rowCount } = await pool.query(withValues(pool, statement, values))
    if (rowCount === 0) return false
    outbox.enqueued([...new Set(rows.map(({ kind }) => kind))])
    return true
  }

  #removals({ id }: ProductRecord, rows: ImageRow[]): NewOutboxRow[] {
    return removalsOf(id, rows, this.#options.jobTimeoutMs)
  }

  /** The change that leaves no image pending enqueues the webhook. */
  #webhook(record: ProductRecord, change: Change): NewOutboxRow[] {
    const isPending = ({ status }: Pick<ImageRow, 'status'>) => status === 'pending'
    const after = imagesAfter(record, change)
    const finishes = record.images.some(isPending) && after.length > 0 && !after.some(isPending)
    if (!this.#options.webhooks || !finishes || change.add.length > 0) return []
    const payload = { version: record.version + 1, message_id: randomUUID(), ...carrier() }
    return [{ kind: 'webhook', payload, wait_ms: 0 }]
  }
}
