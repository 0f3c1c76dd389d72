import type { NewOutboxRow } from '../outbox/row.ts'
import type { ImageUpdate } from './changes.ts'
import { FIELD_TYPES, FIELD_UPDATES } from './fields.ts'
import { RECORD_COLUMNS } from './record.ts'

export const LOAD = {
  name: 'product-load',
  text: `SELECT ${RECORD_COLUMNS} FROM products p WHERE p.id = $1`
}

export const LOAD_MANY = {
  name: 'product-load-many',
  text: `SELECT ${RECORD_COLUMNS} FROM products p WHERE p.id = ANY ($1::integer[])`
}

export const LOAD_BY_EXTERNAL_ID = {
  name: 'product-load-by-external-id',
  text: `SELECT ${RECORD_COLUMNS} FROM products p WHERE p.user_id = $1 AND p.external_id = $2`
}

/** Inserts NewOutboxRow[] for each row of `product`, which `rows` may read. */
const enqueued = (rows: string) => `
  INSERT INTO outbox (kind, class, user_id, product_id, payload, due_at)
  SELECT o.kind, coalesce(o.class, 0), coalesce(product.user_id, 0), product.id, coalesce(o.payload, '{}'),
    now() + o.wait_ms * interval '1 ms'
  FROM product, jsonb_to_recordset(${rows}) AS o (kind text, class smallint, payload jsonb, wait_ms float8)`

/** What an outcome leaves in a row of `product_images`. */
const IMAGE_STATE = [
  ['status', 'text'],
  ['object_key', 'text'],
  ['url', 'text'],
  ['width', 'integer'],
  ['height', 'integer'],
  ['source_bytes', 'integer'],
  ['bytes', 'integer'],
  ['renditions', 'jsonb'],
  ['placeholder', 'jsonb'],
  ['original', 'jsonb'],
  ['attempts', 'integer'],
  ['error_code', 'text'],
  ['error_detail', 'text']
]

const typed = (columns: string[][]) => columns.map((column) => column.join(' ')).join(', ')

/** One element of `$1` in the statements below. */
export interface WrittenChange {
  id: number
  version: number
  /** The fields and compressed_product_images. */
  fields: object
  /** URLs to add. */
  added: string[]
  /** Ids of image rows to remove. */
  removed: string[]
  updated: ImageUpdate[]
  enqueued: NewOutboxRow[]
  /** NewAttempt[] as JSON: the database only keeps it. Null without any. */
  attempts: string | null
}

const ADD_AND_REMOVE = `, removed AS (
  DELETE FROM product_images i USING product WHERE i.product_id = product.id AND i.id = ANY (product.removed)
), added AS (
  INSERT INTO product_images (product_id, source_url) SELECT product.id, url FROM product, unnest(product.added) AS url
)`

/**
 * Takes each product of `$1` WrittenChange[] from its version to the next. Returns the ids of those that were
 * at that version. A product may be in it once.
 */
const change = (lock: string, addAndRemove = '') => `
WITH change AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS c (id integer, version integer, fields jsonb, added text[],
    removed uuid[], updated jsonb, enqueued jsonb, attempts text)
), locked AS MATERIALIZED (
  SELECT p.id FROM products p JOIN change c ON c.id = p.id WHERE p.version = c.version
  FOR NO KEY UPDATE OF p${lock}
), product AS MATERIALIZED (
  UPDATE products p SET ${FIELD_UPDATES}, compressed_product_images = f.compressed_product_images,
    version = p.version + 1, updated_at = now()
  FROM locked JOIN change USING (id)
    CROSS JOIN jsonb_to_record(change.fields) AS f (${FIELD_TYPES}, compressed_product_images text[])
  WHERE p.id = locked.id
  RETURNING p.id, p.user_id, change.added, change.removed, change.updated, change.enqueued, change.attempts
)${addAndRemove}, updated AS (
  UPDATE product_images i SET ${IMAGE_STATE.map(([name]) => `${name} = u.${name}`).join(', ')},
    generation = i.generation + 1, due_at = now() + u.wait_ms * interval '1 ms',
    enqueued_at = CASE i.status WHEN 'pending' THEN i.enqueued_at ELSE now() END
  FROM product, jsonb_to_recordset(product.updated)
    AS u (id uuid, ${typed(IMAGE_STATE)}, wait_ms float8)
  WHERE i.id = u.id AND i.product_id = product.id
), attempted AS (
  INSERT INTO attempts (product_id, reports) SELECT id, attempts FROM product WHERE attempts IS NOT NULL
), enqueued AS (${enqueued('product.enqueued')}
)
SELECT id FROM product`

/** A statement for one change, which waits while its product is locked, and one for many changes. */
const statements = (name: string, addAndRemove?: string) => ({
  one: { name, text: change('', addAndRemove) },
  /**
   * Skips products that are locked, so that none delays the others and no two statements wait for each other.
   */
  many: { name: `${name}-many`, text: change(' SKIP LOCKED', addAndRemove) }
})

export const CHANGE = statements('product-change', ADD_AND_REMOVE)

/**
 * For changes that neither add nor remove images, as results are. Statements that insert and delete run their
 * triggers even for no rows: without them 8 to 9% less CPU.
 */
export const RESULT = statements('product-result')

/** Deletes a product at version `$2`, with `$3` NewOutboxRow[] for what it leaves behind. */
export const DELETE = {
  name: 'product-delete',
  text: `
WITH product AS (
  DELETE FROM products WHERE id = $1 AND version = $2 RETURNING id, user_id
), enqueued AS (${enqueued('$3::jsonb')}
)
SELECT id FROM product`
}

/** `$3` NewOutboxRow[] of product `$1` and user `$2`, whether or not the product is still there. */
export const ENQUEUE = {
  name: 'product-enqueue',
  text: `WITH product AS (SELECT $1::integer AS id, $2::integer AS user_id) ${enqueued('$3::jsonb')}`
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
