import type { Client } from 'pg'

const IMAGES_A_PRODUCT = 4
const PRODUCTS_A_STATEMENT = 100_000
export const USERS = 1000

/** Numbers of rows. */
export interface Size {
  images: number
  failures: number
}

/**
 * Fills a migrated database with a shop's images. Triggers and foreign keys would be checked row by row, so
 * they are left out; what they would have kept is written afterwards, as the migrations write it.
 */
export async function seed(client: Client, { images, failures }: Size): Promise<void> {
  const products = Math.ceil(images / IMAGES_A_PRODUCT)
  const everyNth = Math.max(1, Math.floor(images / failures))
  await client.query('SET session_replication_role = replica')
  await client.query(
    `INSERT INTO users (username) SELECT 'user ' || n FROM generate_series(2, ${USERS}) AS n`
  )
  const indexes = await withoutIndexes(client)
  for (let first = 1; first <= products; first += PRODUCTS_A_STATEMENT) {
    const last = Math.min(products, first + PRODUCTS_A_STATEMENT - 1)
    await client.query(PRODUCTS, [first, last])
    await client.query(IMAGES, [first, last, everyNth, products])
  }
  for (const statement of [...indexes, ...AFTERWARDS]) await client.query(statement)
  await client.query('RESET session_replication_role')
  await client.query('VACUUM ANALYZE')
}

/** Removes indexes: to make them at the end is faster. Resolves with what makes them. */
async function withoutIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ indexdef: string; indexname: string }>(
    `SELECT indexdef, indexname FROM pg_indexes WHERE tablename IN ('products', 'product_images')
       AND indexname NOT LIKE '%_pkey'`
  )
  for (const { indexname } of rows) await client.query(`DROP INDEX ${indexname}`)
  await client.query('ALTER TABLE product_images DROP CONSTRAINT product_images_pkey')
  return ['ALTER TABLE product_images ADD PRIMARY KEY (id)', ...rows.map(({ indexdef }) => indexdef)]
}

const PRODUCTS = `
INSERT INTO products (id, user_id, product_name, product_description, product_price, product_images, version,
  external_id, created_at)
SELECT n, 1 + n % ${USERS}, 'Walnut desk ' || n, 'A desk of solid walnut.', n % 1000,
  ARRAY(SELECT 'https://img' || n % 40 || '.shop.example/' || n || '-' || i || '.jpg'
    FROM generate_series(1, ${IMAGES_A_PRODUCT}) AS i),
  2, 'SKU-' || n, now() - n * interval '1 s'
FROM generate_series($1::integer, $2::integer) AS n`

/** Of the newest products some images are pending. Every nth image has failed, most for two reasons. */
const IMAGES = `
INSERT INTO product_images (product_id, source_url, status, generation, object_key, url, width, height,
  source_bytes, bytes, attempts, error_code, error_detail, due_at, enqueued_at)
SELECT product_id, url, status, 2, key, 'https://cdn.shop.example/' || key, w, 533, 1600000, b, 1,
  CASE status WHEN 'failed' THEN code WHEN 'pending' THEN 'timeout' END,
  CASE status WHEN 'failed' THEN detail WHEN 'pending' THEN 'The origin is slow.' END,
  now() - ($4 + 1 - product_id) * interval '1 s', now() - ($4 + 2 - product_id) * interval '1 s'
FROM (
  SELECT p.id AS product_id, url, (p.id * ${IMAGES_A_PRODUCT} + i) / $3 AS nth,
    CASE WHEN (p.id * ${IMAGES_A_PRODUCT} + i) % $3 = 0 THEN 'failed'
      WHEN p.id > $4 - 5000 AND i = 1 THEN 'pending' ELSE 'done' END AS status
  FROM products p, unnest(p.product_images) WITH ORDINALITY AS u (url, i) WHERE p.id BETWEEN $1 AND $2
) AS image, LATERAL (
  SELECT CASE status WHEN 'done' THEN 'products/' || product_id || '/' || md5(url) || '.jpg' END AS key,
    CASE status WHEN 'done' THEN 800 END AS w, CASE status WHEN 'done' THEN 60000 END AS b
) AS result, LATERAL (
  SELECT CASE WHEN nth % 1000 = 0 THEN 'storage' WHEN nth % 50 = 0 THEN 'corrupt_image'
      WHEN nth % 10 = 0 THEN 'unreachable' WHEN nth % 3 = 0 THEN 'timeout' ELSE 'http_status' END AS code,
    'The origin responds with status ' || (ARRAY[403, 404, 410, 500])[1 + nth % 4] || ' to this URL.' AS detail
) AS reason`

const AFTERWARDS = [
  // No image is processed while the calls are measured.
  `INSERT INTO controls (kind, subject, rule, ordered_by) VALUES ('intake', '', 'pause', 'bench')`,
  `SELECT setval(pg_get_serial_sequence('products', 'id'), (SELECT max(id) FROM products))`,
  `INSERT INTO image_counts SELECT status, coalesce(error_code, ''), count(*) FROM product_images GROUP BY 1, 2`,
  `INSERT INTO history (minute, created, done, failed, waits, pending, oldest_due_s)
   SELECT date_trunc('minute', now()) - n * interval '1 min', 600, 590, 10,
     ARRAY(SELECT (b * 7 + n) % 50 FROM generate_series(0, 39) AS b), 5000, 10 + n % 60
   FROM generate_series(1, 1439) AS n`,
  `INSERT INTO image_events (event, status, code, bucket, n)
   SELECT 'ended', 'done', '', n % 20, 1 FROM generate_series(1, 5000) AS n`,
  `INSERT INTO attempts (product_id, at, reports)
   SELECT product_id, due_at - n * interval '5 s', json_build_array(json_build_object(
     'image_id', id, 'outcome', CASE n WHEN 0 THEN 'failed' ELSE 'retry' END,
     'code', error_code, 'detail', error_detail, 'ms', 900,
     'stages', '{"dns_ms": 3, "connect_ms": 20, "headers_ms": 700}'::json,
     'responses', json_build_array(json_build_object('url', source_url, 'status', 403, 'address', '192.0.2.7'))))
   FROM product_images, generate_series(0, 4) AS n WHERE status = 'failed' ORDER BY due_at, n`,
  `INSERT INTO outbox (kind, user_id, product_id, due_at, scheduled)
   SELECT 'images', 1 + product_id % ${USERS}, product_id, due_at, false FROM product_images WHERE status = 'pending'`,
  `INSERT INTO outbox (kind, class, product_id, due_at, scheduled)
   SELECT 'object', 1, n, now() + interval '1 h', true FROM generate_series(1, 20000) AS n`,
  `INSERT INTO actions (action, filter, state, images, seen, changed, actor)
   SELECT 'retry', '{"status": "failed"}', 'done', 300, 300, 290, 'anna' FROM generate_series(1, 500)`,
  `INSERT INTO audit (at, actor, act, subject)
   SELECT now() - n * interval '1 min', CASE n % 5000 WHEN 0 THEN 'berta' ELSE 'anna' END, 'action.start', '{"id": 7}'
   FROM generate_series(1, 20000) AS n`,
  `INSERT INTO deliveries (at, message_id, product_id, user_id, attempt, status, ms, error)
   SELECT now() - (100000 - n) * interval '2 s', 'm' || n, n, 1, 1, CASE n % 50 WHEN 0 THEN 500 ELSE 200 END, 80,
     CASE n % 50 WHEN 0 THEN 'The receiver responds with status 500.' END
   FROM generate_series(1, 100000) AS n`,
  `INSERT INTO processes (id, role, version, host, pid, since, jobs, memory_bytes)
   SELECT gen_random_uuid(), 'worker', '2.0.0', 'worker-' || n, n, now(), 8, 250000000
   FROM generate_series(1, 20) AS n`,
  `INSERT INTO origins (process_id, domain, requests, failures, latency_ms, breaker, places)
   SELECT p.id, 'shop' || n || '.example', 60, n % 7, 90, 'closed', 2 FROM processes p, generate_series(1, 200) AS n`
]
