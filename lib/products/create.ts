import { DatabaseError, type Pool } from 'pg'
import { type Created, Creator, creation, type IdempotencyKey } from '../database/idempotency.ts'
import { AppError } from '../http/app-error.ts'
import { carrier } from '../log/context.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { FIELD_NAMES, FIELD_TYPES, fieldsOf } from './fields.ts'
import type { ProductInput } from './schemas.ts'

const FOREIGN_KEY_VIOLATION = '23503'

interface CreatedProduct extends Created {
  /** Null without images. */
  outbox_id: string | null
}

/**
 * Products, image rows and outbox rows in one commit. `delivery` holds the outbox row's payload and lease.
 */
const CREATE = {
  name: 'product-create',
  text: creation(
    `
  INSERT INTO products (user_id, ${FIELD_NAMES}, version)
  SELECT f.user_id, ${FIELD_NAMES}, 1
  FROM unused, jsonb_to_record(input) AS f (user_id integer, ${FIELD_TYPES}) ORDER BY n
  RETURNING id, user_id, product_images`,
    {
      others: `, image AS (
  INSERT INTO product_images (product_id, source_url)
  SELECT DISTINCT id, url FROM inserted, unnest(product_images) AS url
), enqueued AS (
  INSERT INTO outbox (kind, user_id, product_id, payload, claims, due_at, scheduled)
  SELECT 'images', i.user_id, i.id, d.payload, (d.lease_ms > 0)::integer, now() + d.lease_ms * interval '1 ms', d.lease_ms > 0
  FROM inserted i JOIN created USING (id) JOIN unused USING (n),
    jsonb_to_record(delivery) AS d (payload jsonb, lease_ms float8)
  WHERE cardinality(product_images) > 0
  RETURNING id, product_id
)`,
      columns: `, 'outbox_id', (SELECT e.id::text FROM enqueued e WHERE e.product_id = created.id)`
    }
  )
}

/** Creates products, many in one statement. */
export class ProductCreator {
  readonly #creator: Creator<CreatedProduct>
  readonly #outbox: Outbox

  constructor(pool: Pool, outbox: Outbox) {
    this.#creator = new Creator(pool, CREATE)
    this.#outbox = outbox
  }

  /**
   * Resolves with the new product's id, or with the one that the key created before. Rejects with
   * `unknown_user` or as `Creator.create` does. If a consumer of this process has a free place, the outbox
   * row is leased to it at once: a claim would cost as much as the insert.
   */
  async create(input: ProductInput, key?: IdempotencyKey): Promise<number> {
    const product = { user_id: input.user_id, ...fieldsOf(input) }
    const { user_id, product_images } = product
    const reservation = product_images.length > 0 ? this.#outbox.reserve('images') : null
    try {
      const payload = carrier()
      const delivery = { payload, lease_ms: reservation?.leaseMs ?? 0 }
      const created = await this.#creator.create(product, key, delivery)
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
      const isUnknownUser = error instanceof DatabaseError && error.code === FOREIGN_KEY_VIOLATION
      throw isUnknownUser ? unknownUser(user_id) : error
    } finally {
      reservation?.cancel()
    }
  }
}

function unknownUser(id: number): AppError {
  const detail = 'is no user of this service; create one with POST /api/v1/users'
  return new AppError('unknown_user', `There is no user ${id}.`, [{ pointer: '/user_id', detail }])
}
