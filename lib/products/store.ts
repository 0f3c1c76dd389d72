import { hash } from 'node:crypto'
import type { Cache, CachedProduct } from '../cache/cache.ts'
import type { IdempotencyKey } from '../database/creator.ts'
import { nullIf, productNotFound } from '../http/app-error.ts'
import type { ImageErrorCode } from '../image/error.ts'
import { Uploads } from '../uploads/uploads.ts'
import { BackgroundChanges } from './background.ts'
import type { ProductChangeFeed } from './change-feed.ts'
import { type Decide, ProductChanger, type ProductRef } from './changer.ts'
import * as changes from './changes.ts'
import { ProductCreator } from './create.ts'
import { fieldsOf } from './fields.ts'
import type { UrlOf } from './image-urls.ts'
import type { ProductFilter } from './list.ts'
import { type Page, ProductLists } from './lists.ts'
import { ProductLoader } from './loader.ts'
import { type ImageRow, type ProductRecord, toProduct } from './record.ts'
import { imageNotFound, type NewSource, replaceSource } from './replaced-source.ts'
import type { Product, ProductInput } from './schemas.ts'
import { ProductWriter, type WriterOptions } from './writer.ts'

export interface ProductStoreOptions extends WriterOptions {
  cache: Cache
  /** Notified of every change that readers can see. */
  changeFeed: ProductChangeFeed
  urlOf: UrlOf
}

type IdentifiedInput = ProductInput & { external_id: string }

/** Which images of a product are processed again. */
export interface Reprocess {
  all?: boolean
  /** All whose origin has another file now. */
  refetch?: boolean
  /** Those that failed with this code. */
  code?: ImageErrorCode | undefined
}

/** Products and their images. When a method resolves, every reader sees its change. */
export class ProductStore {
  readonly background: BackgroundChanges
  readonly #options: ProductStoreOptions
  readonly #creator: ProductCreator
  readonly #bulkCreator: ProductCreator
  readonly #changer: ProductChanger
  readonly #lists: ProductLists
  readonly #loader: ProductLoader
  readonly #uploads: Uploads

  constructor(options: ProductStoreOptions) {
    this.#options = options
    this.#creator = new ProductCreator(options.pool, options.outbox)
    this.#bulkCreator = new ProductCreator(options.pool, options.outbox, { bulk: true })
    this.#loader = new ProductLoader(options.pool, options.urlOf)
    const writer = new ProductWriter(options)
    this.#changer = new ProductChanger(this.#loader, writer)
    this.background = new BackgroundChanges({
      ...options,
      changer: this.#changer,
      writer,
      publish: (id, maxWaitMs) => this.#publish(id, maxWaitMs)
    })
    this.#lists = new ProductLists(options.pool, options.urlOf)
    this.#uploads = new Uploads(options.pool)
  }

  /**
   * Resolves with the new product's id, or with the one that the key has created before. Rejects with
   * `unknown_user`, `external_id_taken`, or with `invalid_input` when it names an upload that is not its
   * user's. `bulk`: its images are processed after interactive work.
   */
  async create(input: ProductInput, key?: IdempotencyKey, { bulk = false } = {}): Promise<number> {
    await this.#uploads.keep(input.user_id, input.product_images ?? [])
    return await (bulk ? this.#bulkCreator : this.#creator).create(input, key)
  }

  /**
   * Creates the user's product of that external id, or replaces it. Of concurrent calls one creates. Rejects
   * with `unknown_user`.
   */
  async upsert(input: IdentifiedInput, { bulk = false } = {}): Promise<{ id: number; created: boolean }> {
    for (;;) {
      const id = await this.create(input, undefined, { bulk }).catch(nullIf('external_id_taken'))
      if (id !== null) return { id, created: true }
      const record = await this.#loader.find(input.user_id, input.external_id)
      // Deleted meanwhile, or it has another external id now.
      if (record && (await this.#replace(record, input, bulk))) return { id: record.id, created: false }
    }
  }

  /**
   * Resolves with the product as it is sent to clients, from the cache if possible; with null when there is
   * none.
   */
  read(id: number): Promise<CachedProduct | null> {
    return this.#options.cache.read(id, () => this.readChanged(id))
  }

  /** As `read`, but never from the cache: right after a change it is empty, and costs two round trips. */
  async readChanged(id: number): Promise<CachedProduct | null> {
    const record = await this.load(id)
    return record && toCached(record)
  }

  /** Resolves with the product as the database has it now, with today's URLs. */
  load(id: number): Promise<ProductRecord | null> {
    return this.#loader.load(id)
  }

  /** Resolves with one page of the products that match, newest first. */
  list(filter: ProductFilter): Promise<Page> {
    return this.#lists.page(filter)
  }

  /** Resolves with the next page of products whose ids are greater; with none at the end. */
  page(afterId: number, userId?: number): Promise<Product[]> {
    return this.#lists.after(afterId, userId)
  }

  /** Replaces what a client may write. Rejects with `not_found`, `version_mismatch` or as `create` does. */
  async update(ref: ProductRef, input: Omit<ProductInput, 'user_id'>): Promise<void> {
    const userId = ref.user_id ?? (await this.#changer.find(ref)).user_id
    await this.#uploads.keep(userId, input.product_images ?? [])
    await this.#changeForClient(ref, (record) => changes.edit(record, fieldsOf(input, record)))
  }

  /** Enqueues images again, by default those that failed. Rejects with `not_found`. */
  async reprocess(ref: ProductRef, { all, refetch, code }: Reprocess = {}): Promise<void> {
    await this.#changeForClient(ref, (record) =>
      all || refetch ? changes.startOver(record, { refetch }) : changes.retryFailed(record, code)
    )
  }

  /**
   * Replaces the source of an image for an operator. Resolves with the image that takes its place. Rejects
   * with `not_found`, and with `invalid_input` if the product has the source, or it is no upload of its user.
   */
  async replaceSource(id: number, source: NewSource): Promise<ImageRow> {
    const { source_url } = source
    const { user_id } = await this.#changer.find({ id })
    await this.#uploads.keep(user_id, [source_url], () => '/source_url')
    await this.#changeForClient({ id }, (record) => replaceSource(record, source))
    const image = (await this.#changer.find({ id })).images.find((row) => row.source_url === source_url)
    if (!image) throw imageNotFound()
    return image
  }

  /**
   * Deletes the product; its objects are removed afterwards. Rejects with `not_found` or `version_mismatch`.
   */
  async delete(ref: ProductRef): Promise<void> {
    await this.#changer.delete(ref)
    await this.#publish(ref.id)
  }

  /** Resolves with false if the product does not have that external id any more. */
  async #replace(known: ProductRecord, input: IdentifiedInput, bulk: boolean): Promise<boolean> {
    const decide = (record: ProductRecord) => {
      if (record.external_id !== input.external_id) throw productNotFound(record.id)
      return changes.replace(record, fieldsOf(input, record), bulk)
    }
    const replaced = await this.#changeForClient(known, decide, known).catch(nullIf('not_found'))
    return replaced !== null
  }

  /** Resolves with whether anything was changed. */
  async #changeForClient(ref: ProductRef, decide: Decide, known?: ProductRecord): Promise<boolean> {
    const { changed } = await this.#changer.change(ref, decide, known && { known })
    if (changed) await this.#publish(ref.id)
    return changed !== null
  }

  /** Resolves when every reader sees the change, or after `maxWaitMs`. */
  async #publish(id: number, maxWaitMs?: number): Promise<void> {
    await this.#options.cache.invalidate(id, maxWaitMs)
    this.#options.changeFeed.publish(id)
  }
}

function toCached(record: ProductRecord): CachedProduct {
  const { version, user_id } = record
  const product = toProduct(record)
  const json = JSON.stringify(product)
  const digest = hash('sha1', json).slice(0, 8)
  return { version, user_id, pending: product.image_status === 'pending', json, digest }
}
