import { AppError, productNotFound } from '../http/app-error.ts'
import type { Change } from './changes.ts'
import type { ProductLoader } from './loader.ts'
import type { ProductRecord } from './record.ts'
import type { ProductWriter } from './writer.ts'

/**
 * Identifies a product: with `user_id`, only if it belongs to that user; with `accepts`, only at a version
 * that it accepts.
 */
export interface ProductRef {
  id: number
  user_id?: number | undefined
  accepts?: ((version: number) => boolean) | undefined
}

/** Returns the change to write; null if none is needed. */
export type Decide = (record: ProductRecord) => Change | null

interface ChangeOptions {
  /** Saves a read if it is still current. */
  known?: ProductRecord
  /** The change may be written together with others. */
  batched?: boolean
}

/** The product as it was before, and what was changed; null if nothing. */
interface Changed {
  before: ProductRecord
  changed: Change | null
}

/**
 * Optimistic locking: reads a product, lets `decide` decide, and writes the change only if the product still
 * has the version that was read. Otherwise it starts again.
 */
export class ProductChanger {
  readonly #loader: ProductLoader
  readonly #writer: ProductWriter

  constructor(loader: ProductLoader, writer: ProductWriter) {
    this.#loader = loader
    this.#writer = writer
  }

  async change(
    ref: ProductRef,
    decide: Decide,
    { known, batched = false }: ChangeOptions = {}
  ): Promise<Changed> {
    for (let before = known ?? (await this.find(ref)); ; before = await this.find(ref)) {
      const changed = decide(before)
      if (!changed || (await this.#writer.apply(before, changed, { batched }))) return { before, changed }
    }
  }

  async delete(ref: ProductRef): Promise<void> {
    while (!(await this.#writer.delete(await this.find(ref))));
  }

  /** Rejects with `not_found` or `version_mismatch`, as the other methods do. */
  async find({ id, user_id, accepts }: ProductRef): Promise<ProductRecord> {
    const record = await this.#loader.load(id)
    if (!record || (user_id !== undefined && record.user_id !== user_id)) throw productNotFound(id)
    if (!accepts || accepts(record.version)) return record
    throw new AppError(
      'version_mismatch',
      `Product ${id} does not have the version that If-Match names: ` +
        'read it again and retry with its current ETag, including the quotes.'
    )
  }
}
