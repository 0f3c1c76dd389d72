import pLimit from 'p-limit'
import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { AppError } from '../http/app-error.ts'
import { type UrlOf, withUrls } from './image-urls.ts'
import {
  encodeCursor,
  exportStatement,
  isScan,
  type ListedRecord,
  listStatement,
  type Place,
  type ProductFilter,
  scanEndStatement
} from './list.ts'
import { toProduct } from './record.ts'
import type { Product } from './schemas.ts'

export interface Page {
  products: Product[]
  /** The cursor of the next page; null on the last one. */
  next: string | null
}

const EXPORT_PAGE = 500
const MAX_WAITING = 50
/** An index finds a page in milliseconds. */
const TIMEOUT_MS = 3000
const QUERY_CANCELED = '57014'

/**
 * Reads lists of products, the most expensive reads. Bounds how many run at once and how long each may take.
 */
export class ProductLists {
  readonly #pool: Pool
  readonly #urlOf: UrlOf
  /** Leaves more than half of the connections to everything else. */
  readonly #places = pLimit(8)

  constructor(pool: Pool, urlOf: UrlOf) {
    this.#pool = pool
    this.#urlOf = urlOf
  }

  /**
   * Resolves with one page, newest first. Rejects with `overloaded` if too many wait or one takes too long.
   */
  async page(filter: ProductFilter): Promise<Page> {
    return await this.#bounded((client) => read(client, filter, this.#urlOf))
  }

  /** Resolves with the next products of an export; with none at its end. Rejects as `page` does. */
  async after(id: number, userId?: number): Promise<Product[]> {
    const statement = exportStatement(id, EXPORT_PAGE, userId)
    return await this.#bounded(async (client) => {
      const { rows } = await client.query<ListedRecord>(statement)
      return rows.map((record) => toProduct(withUrls(record, this.#urlOf)))
    })
  }

  async #bounded<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#places.pendingCount >= MAX_WAITING) {
      throw new AppError('overloaded', 'Too many lists are being read; retry later.')
    }
    return await this.#places(() => this.#inSnapshot(work))
  }

  async #inSnapshot<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    try {
      await client.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = ${TIMEOUT_MS}`
      )
      const result = await work(client)
      await client.query('COMMIT')
      client.release()
      return result
    } catch (error) {
      await client.query('ROLLBACK').then(
        () => client.release(),
        () => client.release(true)
      )
      throw isCanceled(error) ? tookTooLong(error) : error
    }
  }
}

async function read(client: PoolClient, filter: ProductFilter, urlOf: UrlOf): Promise<Page> {
  const { rows } = await client.query<ListedRecord>(listStatement(filter))
  const page = rows.slice(0, filter.limit)
  const last = page.at(-1)
  const products = page.map((record) => toProduct(withUrls(record, urlOf)))
  if (last && last.found > page.length) return { products, next: encodeCursor(last) }
  if (!isScan(filter)) return { products, next: null }
  const { rows: ends } = await client.query<Place>(scanEndStatement(filter))
  return { products, next: ends[0] ? encodeCursor(ends[0]) : null }
}

/** A lost connection rejects the query that runs. Without a listener it would also end the process. */

const isCanceled = (error: unknown) => error instanceof DatabaseError && error.code === QUERY_CANCELED

const tookTooLong = (cause: unknown) =>
  new AppError('overloaded', 'The list takes too long; use filters that find less, or retry later.', [], {
    cause
  })
