import { onceOnly } from '../database/idempotency.ts'
import { RECORD_COLUMNS } from './record.ts'

/**
 * Product, image rows and owed work in one statement, so in one commit: $1-$4 fields, $5 text[] of URLs, the owed row's payload, and
 * for how many milliseconds it is leased.
 */
const creation = (source: string, payload: string, leaseMs: string) => `created AS (
  INSERT INTO products (user_id, product_name, product_description, product_price, product_images, version)
  ${source}
  RETURNING id, user_id
), image AS (
  INSERT INTO product_images (product_id, source_url)
  SELECT created.id, url FROM created, (SELECT DISTINCT unnest($5::text[]) AS url) AS source
), owed AS (
  INSERT INTO outbox (kind, user_id, product_id, payload, claims, due_at, scheduled)
  SELECT 'images', user_id, id, ${payload}::jsonb, (${leaseMs} > 0)::integer, now() + ${leaseMs} * interval '1 ms', ${leaseMs} > 0
  FROM created WHERE cardinality($5::text[]) > 0
  RETURNING id
)`

export const CREATE = {
  name: 'product-create',
  text: `WITH ${creation('VALUES ($1, $2, $3, $4, $5, 1)', '$6', '$7::float8')}
SELECT created.id, owed.id AS owed_id FROM created LEFT JOIN owed ON true`
}

/** The same once for each Idempotency-Key, $6-$8; the payload is $9. */
export const CREATE_ONCE = {
  name: 'product-create-once',
  text: onceOnly(
    creation('SELECT $1::integer, $2::varchar, $3::text, $4::numeric, $5::text[], 1 FROM unused', '$9', '0'),
    6
  )
}

export const LOAD = {
  name: 'product-load',
  text: `SELECT ${RECORD_COLUMNS} FROM products p WHERE p.id = $1`
}

/**
 * Takes a product from version $2 to the next, or answers no row when it is not at that version any more.
 * $3-$7 columns, $8 text[] of URLs to add, $9 uuid[] of image rows to remove, $10 ImageUpdate[], $11 Owed[].
 */
export const CHANGE = {
  name: 'product-change',
  text: `
WITH product AS (
  UPDATE products SET product_name = $3, product_description = $4, product_price = $5, product_images = $6,
    compressed_product_images = $7, version = version + 1, updated_at = now()
  WHERE id = $1 AND version = $2
  RETURNING id, user_id
), removed AS (
  DELETE FROM product_images i USING product WHERE i.product_id = product.id AND i.id = ANY ($9::uuid[])
), added AS (
  INSERT INTO product_images (product_id, source_url) SELECT product.id, url FROM product, unnest($8::text[]) AS url
), updated AS (
  UPDATE product_images i SET status = u.status, object_key = u.object_key, url = u.url, width = u.width,
    height = u.height, source_bytes = u.source_bytes, bytes = u.bytes, attempts = u.attempts,
    error_code = u.error_code, error_detail = u.error_detail, generation = i.generation + 1,
    due_at = now() + u.wait_ms * interval '1 ms'
  FROM product, jsonb_to_recordset($10::jsonb) AS u (id uuid, status text, object_key text, url text, width integer,
    height integer, source_bytes integer, bytes integer, attempts integer, error_code text, error_detail text,
    wait_ms float8)
  WHERE i.id = u.id AND i.product_id = product.id
), owed AS (
  INSERT INTO outbox (kind, user_id, product_id, payload, due_at)
  SELECT o.kind, product.user_id, o.product_id, coalesce(o.payload, '{}'), now() + o.wait_ms * interval '1 ms'
  FROM product, jsonb_to_recordset($11::jsonb) AS o (kind text, product_id integer, payload jsonb, wait_ms float8)
)
SELECT id FROM product`
}

/** Deletes a product at version $2 and owes the removal of its objects, $3 Owed[]. */
export const DELETE = {
  name: 'product-delete',
  text: `
WITH product AS (
  DELETE FROM products WHERE id = $1 AND version = $2 RETURNING id, user_id
), owed AS (
  INSERT INTO outbox (kind, user_id, product_id, payload, due_at)
  SELECT o.kind, product.user_id, o.product_id, coalesce(o.payload, '{}'), now() + o.wait_ms * interval '1 ms'
  FROM product, jsonb_to_recordset($3::jsonb) AS o (kind text, product_id integer, payload jsonb, wait_ms float8)
)
SELECT id FROM product`
}

/** Owes again, $2 at a time, what has been pending for longer than $1 ms without anybody being due to look at it. */
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
), owed AS (
  INSERT INTO outbox (kind, class, user_id, product_id)
  SELECT DISTINCT 'images', 1, p.user_id, p.id FROM lost JOIN products p ON p.id = lost.product_id RETURNING product_id
)
SELECT count(*)::integer AS products FROM owed`
}
