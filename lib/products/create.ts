import { DatabaseError, type Pool } from 'pg'
import { create, creation, type IdempotencyKey } from '../database/idempotency.ts'
import { AppError } from '../http/app-error.ts'
import { carrier } from '../log/context.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { FIELD_NAMES, FIELD_TYPES, fieldsOf } from './fields.ts'
import type { ProductInput } from './schemas.ts'

const FOREIGN_KEY_VIOLATION = '23503'

/**
 * Product, image rows and outbox row in one commit: `$4` the product, `$5` the outbox row's payload, `$6` for
 * how many milliseconds the row is leased.
 */
export const CREATE = {
  name: 'product-create',
  text: creation(`product AS (
  INSERT INTO products (user_id, ${FIELD_NAMES}, version)
  SELECT f.user_id, ${FIELD_NAMES}, 1 FROM unused, jsonb_to_record($4::jsonb) AS f (user_id integer, ${FIELD_TYPES})
  RETURNING id, user_id, product_images
), image AS (
  INSERT INTO product_images (product_id, source_url)
  SELECT DISTINCT id, url FROM product, unnest(product_images) AS url
), enqueued AS (
  INSERT INTO outbox (kind, user_id, product_id, payload, claims, due_at, scheduled)
  SELECT 'images', user_id, id, $5::jsonb, ($6::float8 > 0)::integer, now() + $6 * interval '1 ms', $6 > 0
  FROM product WHERE cardinality(product_images) > 0
  RETURNING id
), created AS (
  SELECT product.id, enqueued.id::text AS outbox_id FROM product LEFT JOIN enqueued ON true
)`)
}

/**
 * Resolves with the new product's id, or with the id that an earlier request with the same key created.
 * Rejects with `unknown_user`. If a consumer of this process has a free place, the row is leased to it at
 * once: a separate claim would cost as much as the insert.
 */
export async function createProduct(
  pool: Pool,
  outbox: Outbox,
  input: ProductInput,
  key?: IdempotencyKey
): Promise<number> {
  const product = { user_id: input.user_id, ...fieldsOf(input) }
  const { user_id, product_images } = product
  const reservation = product_images.length > 0 ? outbox.reserve('images') : null
  try {
    const payload = carrier()
    const delivery = [JSON.stringify(payload), reservation?.leaseMs ?? 0]
    const created = await create(pool, CREATE, [JSON.stringify(product)], key, delivery)
    const { id: product_id, outbox_id: id } = created
    if (id && reservation)
      reservation.accept({ id, kind: 'images', product_id, payload, claims: 1, user_id, product_images })
    else if (id) outbox.enqueued(['images'])
    return product_id
  } catch (error) {
    const isUnknownUser = error instanceof DatabaseError && error.code === FOREIGN_KEY_VIOLATION
    throw isUnknownUser ? unknownUser(user_id) : error
  } finally {
    reservation?.cancel()
  }
}

function unknownUser(id: number): AppError {
  const detail = 'is no user of this service; create one with POST /api/v1/users'
  return new AppError('unknown_user', `There is no user ${id}.`, [{ pointer: '/user_id', detail }])
}
