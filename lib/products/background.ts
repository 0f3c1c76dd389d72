import { nullIf } from '../http/app-error.ts'
import type { Decide, ProductChanger } from './changer.ts'
import * as changes from './changes.ts'
import type { ProductRecord } from './record.ts'
import { leftoversOf, leftoversWaitMs, strayRemovals } from './removals.ts'
import { SWEEP } from './statements.ts'
import type { ProductWriter, WriterOptions } from './writer.ts'

interface Options extends WriterOptions {
  changer: ProductChanger
  writer: ProductWriter
  /** Resolves when every reader sees the change of that product, or after `maxWaitMs`. */
  publish: (id: number, maxWaitMs: number) => Promise<void>
}

/** Shorter than for a client: otherwise workers would mainly wait while Redis is unreachable. */
const CACHE_WAIT_MS = 200

/**
 * Changes of products that no client waits for. If Redis is unreachable, readers see them a few seconds
 * later.
 */
export class BackgroundChanges {
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
  }

  /**
   * Changes images of a product for an operator. Resolves with their number; a product that is gone has none.
   */
  async act(id: number, decide: Decide): Promise<number> {
    const { changer, publish } = this.#options
    const acted = await changer.change({ id }, decide, { batched: true }).catch(nullIf('not_found'))
    if (!acted?.changed) return 0
    await publish(id, CACHE_WAIT_MS)
    return acted.changed.update.length
  }

  /**
   * Records the outcomes of attempts at images of `product`, which is as it was when they began. If an
   * outcome is not recorded, its objects are removed. `redelivered`: a worker may have died during earlier
   * attempts.
   */
  async finish(
    product: ProductRecord,
    attempts: changes.Attempt[],
    { redelivered = false } = {}
  ): Promise<void> {
    const { changer, writer, jobTimeoutMs, publish } = this.#options
    const decide = (record: ProductRecord) => changes.finish(record, attempts)
    const options = { known: product, batched: true }
    const ended = await changer.change({ id: product.id }, decide, options).catch(nullIf('not_found'))
    const rows = ended ? changes.imagesAfter(ended.before, ended.changed) : []
    const removals = redelivered
      ? [leftoversOf(product.id, leftoversWaitMs(jobTimeoutMs))]
      : strayRemovals(product.id, attempts, rows)
    await writer.enqueue(product, removals)
    if (ended?.changed) await publish(product.id, CACHE_WAIT_MS)
  }

  /**
   * Enqueues lost pending images again, and the removal of objects that the lost work left. Resolves with the
   * number of products.
   */
  async sweep(olderThanMs: number, limit: number): Promise<number> {
    const { pool, outbox, jobTimeoutMs } = this.#options
    const { rows } = await pool.query<{ products: number }>({
      ...SWEEP,
      values: [olderThanMs, limit, leftoversWaitMs(jobTimeoutMs)]
    })
    const products = rows[0]?.products ?? 0
    if (products > 0) outbox.enqueued(['images'])
    return products
  }
}
