import type { Pool, QueryConfig } from 'pg'
import type { Cache, CachedProduct } from '../cache/cache.ts'
import type { IdempotencyKey } from '../database/idempotency.ts'
import { AppError, productNotFound } from '../http/app-error.ts'
import type { ImageErrorCode } from '../image/error.ts'
import { carrier } from '../log/context.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { NewOutboxRow, OutboxKind } from '../outbox/row.ts'
import { objectKey } from '../storage/object-store.ts'
import type { ProductChangeFeed } from './change-feed.ts'
import * as changes from './changes.ts'
import { createProduct } from './create.ts'
import { encodeCursor, type ListedRecord, listStatement, type ProductFilter } from './list.ts'
import { finishedUrls, type ImageRow, type ProductRecord, toProduct } from './record.ts'
import type { Product, ProductInput } from './schemas.ts'
import * as statements from './statements.ts'

/** Which product is meant: with `user_id` only if it is that user's, with `accepts` only at a version it accepts. */
export interface ProductRef {
  id: number
  user_id?: number | undefined
  accepts?: ((version: number) => boolean) | undefined
  /** Who changes it waits no longer than this for readers to see the change. Default: until all do. */
  maxWaitMs?: number
}

export interface ProductStoreOptions {
  pool: Pool
  cache: Cache
  outbox: Outbox
  /** Told of every change that readers can see. */
  signal: ProductChangeFeed
  /** How long a worker may be busy with an image whose row is gone, in milliseconds. */
  jobTimeoutMs: number
  /** Whether somebody wants to be told when all images of a product are finished. */
  webhooks?: boolean
}

const PENDING = { status: 'pending' } as const

/** A client waits until every reader sees its write; a worker that did the same while Redis is away would do nothing else. */
const WORKER_PATIENCE_MS = 200

/**
 * Products, their images and what is owed for them. A change reads the product, decides in TypeScript and is written in
 * one statement if nobody changed the product meanwhile, else decided again. When a method resolves, every reader sees it.
 */
export class ProductStore {
  readonly #options: ProductStoreOptions

  constructor(options: ProductStoreOptions) {
    this.#options = options
  }

  /** Answers the new product's id, or with a key the one that it has created before. Rejects with `unknown_user`. */
  create(input: ProductInput, key?: IdempotencyKey): Promise<number> {
    const { pool, outbox } = this.#options
    return createProduct(pool, outbox, input, key)
  }

  /** The product as it is sent to clients, from the cache if it is there. */
  read(id: number): Promise<CachedProduct | null> {
    return this.#options.cache.read(id, async () => {
      const record = await this.load(id)
      if (!record) return null
      return { version: record.version, user_id: record.user_id, json: JSON.stringify(toProduct(record)) }
    })
  }

  /** The product as the database has it at this moment. */
  async load(id: number): Promise<ProductRecord | null> {
    const { rows } = await this.#options.pool.query<ProductRecord>({ ...statements.LOAD, values: [id] })
    return rows[0] ?? null
  }

  /** One page, newest first, and the cursor of the next one when there is more. */
  async list(filter: ProductFilter): Promise<{ products: Product[]; next: string | null }> {
    const { rows } = await this.#options.pool.query<ListedRecord>(listStatement(filter))
    const page = rows.slice(0, filter.limit)
    const last = page.at(-1)
    return {
      products: page.map(toProduct),
      next: last && last.found > page.length ? encodeCursor(last) : null
    }
  }

  /** Replaces what a client may write. Rejects with `not_found` or `version_mismatch`. */
  async update(ref: ProductRef, input: Omit<ProductInput, 'user_id'>): Promise<void> {
    const { product_name, product_description = '', product_price, product_images = [] } = input
    const fields = { product_name, product_description, product_price, product_images }
    await this.#change(ref, (record) => changes.edit(record, fields))
  }

  /** Enqueues the failed images again, those of one code if there is one, or `all`. Rejects with `not_found`. */
  async reprocess(ref: ProductRef, all: boolean, code?: ImageErrorCode): Promise<void> {
    await this.#change(ref, all ? changes.startOver : (record) => changes.retryFailed(record, code))
  }

  /** Makes image rows for a product that somebody else wrote, and answers the product with them. */
  async reconciled(id: number): Promise<ProductRecord | null> {
    try {
      const record = await this.#change({ id, maxWaitMs: WORKER_PATIENCE_MS }, changes.reconcile)
      return changes.reconcile(record) ? await this.load(id) : record
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return null
      throw error
    }
  }

  /** Records what became of images of the product, by image id; answers the ids of those that it has, none when it is gone. */
  async finish(product: ProductRecord, outcomes: Map<string, changes.Outcome>): Promise<string[]> {
    try {
      const decide = (record: ProductRecord) => changes.finish(record, outcomes)
      const ref = { id: product.id, maxWaitMs: WORKER_PATIENCE_MS }
      const { images } = await this.#change(ref, decide, product)
      return images.map(({ id }) => id)
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return []
      throw error
    }
  }

  /** Deletes the product; its objects are removed afterwards. Rejects with `not_found` or `version_mismatch`. */
  async delete(ref: ProductRef): Promise<void> {
    for (;;) {
      const record = await this.#find(ref)
      const owed = JSON.stringify(record.images.map((row) => this.#removal(record.id, row)))
      const values = [record.id, record.version, owed]
      if ((await this.#write({ ...statements.DELETE, values })) !== null) break
    }
    await this.#announce(ref, ['object'])
  }

  /** Owes again what is pending although nobody is due to look at it; answers how many products that were. */
  async sweep(olderThanMs: number, limit: number): Promise<number> {
    const values = [olderThanMs, limit]
    const { rows } = await this.#options.pool.query<{ products: number }>({ ...statements.SWEEP, values })
    const products = rows[0]?.products ?? 0
    if (products > 0) this.#options.outbox.enqueued(['images'])
    return products
  }

  /** Answers the product as it was before the change. `known`, if it is still so, saves reading it. */
  async #change(
    ref: ProductRef,
    decide: (record: ProductRecord) => changes.Change | null,
    known?: ProductRecord
  ): Promise<ProductRecord> {
    for (let record = known ?? (await this.#find(ref)); ; record = await this.#find(ref)) {
      const change = decide(record)
      if (!change) return record
      const owed = this.#owedBy(record, change)
      if (await this.#apply(record, change, owed)) {
        await this.#announce(ref, [...new Set(owed.map(({ kind }) => kind))])
        return record
      }
    }
  }

  async #find({ id, user_id, accepts }: ProductRef): Promise<ProductRecord> {
    const record = await this.load(id)
    if (!record || (user_id !== undefined && record.user_id !== user_id)) throw productNotFound(id)
    if (accepts && !accepts(record.version)) {
      throw new AppError(
        'version_mismatch',
        `Product ${id} is not at the version that If-Match names: read it again, and repeat the change with its ETag as it comes, quotes included.`
      )
    }
    return record
  }

  #owedBy(record: ProductRecord, change: changes.Change): NewOutboxRow[] {
    const { add, remove, owe } = change
    return [
      ...owe.map((wait_ms) => ({
        kind: 'images' as const,
        product_id: record.id,
        payload: carrier(),
        wait_ms
      })),
      ...remove.map((row) => this.#removal(record.id, row)),
      ...this.#webhook(record, [...imagesAfter(record, change), ...add.map(() => PENDING)])
    ]
  }

  async #apply(record: ProductRecord, change: changes.Change, owed: NewOutboxRow[]): Promise<boolean> {
    const { fields, add, remove, update } = change
    const { product_name, product_description, product_price, product_images } = fields
    const columns = [product_name, product_description, product_price, product_images]
    const images = [
      finishedUrls(product_images, imagesAfter(record, change)),
      add,
      remove.map(({ id }) => id),
      JSON.stringify(update),
      JSON.stringify(owed)
    ]
    const values = [record.id, record.version, ...columns, ...images]
    return (await this.#write({ ...statements.CHANGE, values })) !== null
  }

  /** A pending image may be on its way into the store: its object is removed when no worker can be busy with it any more. */
  #removal(productId: number, row: ImageRow): NewOutboxRow {
    const key = row.object_key ?? objectKey(productId, row.id)
    return {
      kind: 'object',
      payload: { key },
      wait_ms: row.status === 'pending' ? this.#options.jobTimeoutMs : 0
    }
  }

  /** Owed by the change that leaves no image pending. */
  #webhook({ id, version, images }: ProductRecord, after: Pick<ImageRow, 'status'>[]): NewOutboxRow[] {
    const isPending = ({ status }: Pick<ImageRow, 'status'>) => status === 'pending'
    const finishes = images.some(isPending) && after.length > 0 && !after.some(isPending)
    if (!this.#options.webhooks || !finishes) return []
    return [{ kind: 'webhook', product_id: id, payload: { version: version + 1, ...carrier() }, wait_ms: 0 }]
  }

  async #write(statement: QueryConfig): Promise<number | null> {
    const { rows } = await this.#options.pool.query<{ id: number }>(statement)
    return rows[0]?.id ?? null
  }

  /** Resolves when every reader sees the change; owed work is not kept waiting for that. */
  async #announce({ id, maxWaitMs }: ProductRef, owed: OutboxKind[]): Promise<void> {
    this.#options.outbox.enqueued(owed)
    await this.#options.cache.invalidate(id, maxWaitMs)
    this.#options.signal.tell(id)
  }
}

/** The rows of images that stay, as the change leaves them. */
function imagesAfter({ images }: ProductRecord, { remove, update }: changes.Change) {
  const changed = new Map(update.map((row) => [row.id, row]))
  const removed = new Set(remove.map((row) => row.id))
  return images.filter(({ id }) => !removed.has(id)).map((row) => changed.get(row.id) ?? row)
}
