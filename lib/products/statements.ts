import { FIELD_TYPES, FIELD_UPDATES } from './fields.ts'
import { RECORD_COLUMNS } from './record.ts'

export const LOAD = {
  name: 'product-load',
  text: `SELECT ${RECORD_COLUMNS} FROM products p WHERE p.id = $1`
}

export const LOAD_BY_EXTERNAL_ID = {
  name: 'product-load-by-external-id',
  text: `SELECT ${RECORD_COLUMNS} FROM products p WHERE p.user_id = $1 AND p.external_id = $2`
}

/** Inserts NewOutboxRow[] for the row of `product`. */
const enqueued = (rows: string) => `
  INSERT INTO outbox (kind, class, user_id, product_id, payload, due_at)
  SELECT o.kind, coalesce(o.class, 0), coalesce(product.user_id, 0), product.id, coalesce(o.payload, '{}'), now() + o.wait_ms * interval '1 ms'
  FROM product, jsonb_to_recordset(${rows}::jsonb) AS o (kind text, class smallint, payload jsonb, wait_ms float8)`

/** What an outcome leaves in a row of `product_images`. */
const IMAGE_STATE = [
  ['status', 'text'],
  ['object_key', 'text'],
  ['url', 'text'],
  ['width', 'integer'],
  ['height', 'integer'],
  ['source_bytes', 'integer'],
  ['bytes', 'integer'],
  ['attempts', 'integer'],
  ['error_code', 'text'],
  ['error_detail', 'text']
]

/**
 * Takes a product from version `$2` to the next, or returns no row when it is not at that version any more.
 * `$3` the fields and compressed_product_images, `$4` text[] of URLs to add, `$5` uuid[] of image rows to
 * remove, `$6` ImageUpdate[], `$7` NewOutboxRow[].
 */
export const CHANGE = {
  name: 'product-change',
  text: `
WITH product AS (
  UPDATE products p SET ${FIELD_UPDATES}, compressed_product_images = f.compressed_product_images,
    version = version + 1, updated_at = now()
  FROM jsonb_to_record($3::jsonb) AS f (${FIELD_TYPES}, compressed_product_images text[])
  WHERE id = $1 AND version = $2
  RETURNING id, user_id
), removed AS (
  DELETE FROM product_images i USING product WHERE i.product_id = product.id AND i.id = ANY ($5::uuid[])
), added AS (
  INSERT INTO product_images (product_id, source_url) SELECT product.id, url FROM product, unnest($4::text[]) AS url
), updated AS (
  UPDATE product_images i SET ${IMAGE_STATE.map(([name]) => `${name} = u.${name}`).join(', ')},
    generation = i.generation + 1, due_at = now() + u.wait_ms * interval '1 ms'
  FROM product, jsonb_to_recordset($6::jsonb)
    AS u (id uuid, ${IMAGE_STATE.map((column) => column.join(' ')).join(', ')}, wait_ms float8)
  WHERE i.id = u.id AND i.product_id = product.id
), enqueued AS (${enqueued('$7')}
)
SELECT id FROM product`
}

/** Deletes a product at version `$2`, with `$3` NewOutboxRow[] for what it leaves behind. */
export const DELETE = {
  name: 'product-delete',
  text: `
WITH product AS (
  DELETE FROM products WHERE id = $1 AND version = $2 RETURNING id, user_id
), enqueued AS (${enqueued('$3')}
)
SELECT id FROM product`
}

/** `$3` NewOutboxRow[] of product `$1` and user `$2`, whether or not the product is still there. */
export const ENQUEUE = {
  name: 'product-enqueue',
  text: `WITH product AS (SELECT $1::integer AS id, $2::integer AS user_id) ${enqueued('$3')}`
}

/**
 * Enqueues images that have been pending for longer than `$1` ms although their product has no outbox row, at
 * most `$2` at a time. They keep their generation: nothing was recorded.
 */
export const SWEEP = {
  text: `
WITH lost AS (
  SELECT id, product_id FROM product_images i
  WHERE status = 'pending' AND due_at < now() - $1::float8 * interval '1 ms'
    AND NOT EXISTS (SELECT FROM outbox o WHERE o.product_id = i.product_id AND o.kind = 'images')
  ORDER BY due_at LIMIT $2
  FOR UPDATE SKIP LOCKED
), touched AS (
  UPDATE product_images i SET due_at = now() FROM lost WHERE i.id = lost.id
), enqueued AS (
  INSERT INTO outbox (kind, class, user_id, product_id)
  SELECT DISTINCT 'images', 1, coalesce(p.user_id, 0), p.id FROM lost JOIN products p ON p.id = lost.product_id
  RETURNING user_id, product_id
), leftovers AS (
  INSERT INTO outbox (kind, class, user_id, product_id, payload, due_at)
  SELECT 'object', 1, user_id, product_id, jsonb_build_object('prefix', 'products/' || product_id || '/'),
    now() + $3::float8 * interval '1 ms'
  FROM enqueued
)
SELECT count(*)::integer AS products FROM enqueued`
}
