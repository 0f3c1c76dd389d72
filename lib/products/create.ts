import { DatabaseError, type Pool } from 'pg'
import { creation } from '../database/creation.ts'
import { type Created, Creator, type IdempotencyKey, TakenError } from '../database/creator.ts'
import { AppError, unknownUser } from '../http/app-error.ts'
import { carrier } from '../log/context.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { columnsOf, FIELD_NAMES, FIELD_TYPES, FIELD_VALUES, fieldsOf } from './fields.ts'
import type { ProductInput } from './schemas.ts'

const FOREIGN_KEY_VIOLATION = '23503'

interface CreatedProduct extends Created {
  /** Null without images. */
  outbox_id: string | null
}

/** Requests whose external id is taken, by a product or by a request before them. The index finds it. */
const TAKEN = `
  SELECT n FROM (
    SELECT n, f.*, row_number() OVER (PARTITION BY user_id, external_id ORDER BY n) AS nth
    FROM unused, jsonb_to_record(input) AS f (user_id integer, external_id text)
    WHERE input ? 'external_id'
  ) AS f
  WHERE nth > 1 OR
    (SELECT p.id FROM products p WHERE p.user_id = f.user_id AND p.external_id = f.external_id) IS NOT NULL`

/**
 * Products, image rows and outbox rows in one commit. Without the order two statements with the same external
 * ids could deadlock.
 */
const CREATE = {
  name: 'product-create',
  text: creation(
    `
  INSERT INTO products (user_id, ${FIELD_NAMES}, version)
  SELECT f.user_id, ${FIELD_VALUES}, 1
  FROM fresh, jsonb_to_record(input) AS f (user_id integer, ${FIELD_TYPES}) ORDER BY nth
  RETURNING id, user_id, product_images`,
    {
      taken: TAKEN,
      order: `input ->> 'external_id', n`,
      others: `, image AS (
  INSERT INTO product_images (product_id, source_url)
  SELECT DISTINCT id, url FROM inserted, unnest(product_images) AS url
), enqueued AS (
  INSERT INTO outbox (kind, class, user_id, product_id, payload, claims, due_at, scheduled)
  SELECT 'images', coalesce(d.class, 0), i.user_id, i.id, d.payload, (d.lease_ms > 0)::integer,
    now() + d.lease_ms * interval '1 ms', d.lease_ms > 0
  FROM inserted i JOIN created USING (id) JOIN fresh USING (n),
    jsonb_to_record(enqueue) AS d (class smallint, payload jsonb, lease_ms float8)
  WHERE cardinality(product_images) > 0
  RETURNING id, product_id
)`,
      join: '\nLEFT JOIN enqueued ON enqueued.product_id = created.id',
      columns: `, 'outbox_id', enqueued.id::text`
    }
  )
}

/**
 * Bulk products are never refused because others wait: an import sends no faster than they are created. Two
 * statements at once keep the database busy while one of them is sent, synced or read.
 */
const BULK = { requestsAStatement: 256, statementsAtOnce: 2, maxWaitMs: Number.POSITIVE_INFINITY }

/** Creates products, many in one statement. */
export class ProductCreator {
  readonly #creator: Creator<CreatedProduct>
  readonly #outbox: Outbox
  readonly #isBulk: boolean

  /** `bulk`: interactive work goes before the images of these products. */
  constructor(pool: Pool, outbox: Outbox, { bulk = false } = {}) {
    this.#creator = new Creator(pool, CREATE, bulk ? BULK : {})
    this.#outbox = outbox
    this.#isBulk = bulk
  }

  /**
   * Resolves with the new product's id, or with the one that the key created before. Rejects with
   * `unknown_user`, `external_id_taken` or as `Creator.create` does. If a consumer of this process has a free
   * place, the outbox row is leased to it at once: a claim would cost as much as the insert.
   */
  async create(input: ProductInput, key?: IdempotencyKey): Promise<number> {
    const product = { user_id: input.user_id, ...columnsOf(fieldsOf(input)) }
    const { user_id, product_images } = product
    const isDirect = !this.#isBulk && product_images.length > 0
    const reservation = isDirect ? this.#outbox.reserve('images', user_id) : null
    try {
      const payload = carrier()
      const enqueue = { payload, lease_ms: reservation?.leaseMs ?? 0, ...(this.#isBulk && { class: 1 }) }
      const created = await this.#creator.create(product, key, enqueue)
      const id = 'outbox_id' in created && created.outbox_id
      if (id && reservation)
        reservation.accept({
          id,
          kind: 'images',
          product_id: created.id,
          payload,
          claims: 1,
          user_id,
          product_images
        })
      else if (id) this.#outbox.enqueued(['images'])
      return created.id
    } catch (error) {
      if (error instanceof TakenError) throw externalIdTaken()
      const isUnknownUser = error instanceof DatabaseError && error.code === FOREIGN_KEY_VIOLATION
      throw isUnknownUser ? unknownUser(user_id) : error
    } finally {
      reservation?.cancel()
    }
  }
}

export function externalIdTaken(): AppError {
  const detail =
    'is the external id of another product of this user; replace that one with PUT /api/v1/products/by-external-id/…'
  return new AppError('external_id_taken', 'The external id is taken.', [{ pointer: '/external_id', detail }])
}
