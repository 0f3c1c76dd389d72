import type { Pool } from 'pg'
import { Batcher } from '../database/batcher.ts'
import { withValues } from '../database/statement.ts'
import { type UrlOf, withUrls } from './image-urls.ts'
import type { ProductRecord } from './record.ts'
import { LOAD, LOAD_BY_EXTERNAL_ID, LOAD_MANY } from './statements.ts'

const LOADS_A_STATEMENT = 64
/** While a statement is stalled, others can be sent. */
const LANES = 4

/**
 * Loads products. Loads that are asked for while a statement runs share the next one, so each sees all that
 * was committed before it was asked for.
 */
export class ProductLoader {
  readonly #pool: Pool
  readonly #urlOf: UrlOf
  readonly #loads: Batcher<number, ProductRecord | undefined>

  constructor(pool: Pool, urlOf: UrlOf) {
    this.#pool = pool
    this.#urlOf = urlOf
    this.#loads = new Batcher((ids) => this.#loadMany(ids), { maxItems: LOADS_A_STATEMENT, lanes: LANES })
  }

  /** Resolves with the product as the database has it now, with today's URLs; with null if there is none. */
  async load(id: number): Promise<ProductRecord | null> {
    const record = await this.#loads.add(id)
    return record ? withUrls(record, this.#urlOf) : null
  }

  /** As `load`, by the user's external id. */
  async find(userId: number, externalId: string): Promise<ProductRecord | null> {
    const statement = withValues(this.#pool, LOAD_BY_EXTERNAL_ID, [userId, externalId])
    const { rows } = await this.#pool.query<ProductRecord>(statement)
    return rows[0] ? withUrls(rows[0], this.#urlOf) : null
  }

  async #loadMany(ids: number[]): Promise<(ProductRecord | undefined)[]> {
    const [statement, value] = ids.length === 1 ? [LOAD, ids[0]] : [LOAD_MANY, ids]
    const { rows } = await this.#pool.query<ProductRecord>(withValues(this.#pool, statement, [value]))
    const records = new Map(rows.map((record) => [record.id, record]))
    return ids.map((id) => records.get(id))
  }
}
