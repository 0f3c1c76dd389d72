-- A result that leaves images out makes them wait, each by its number of attempts: their earlier outbox rows
-- come too early. Until now there was a new one for the first of them, and the others waited for the sweep.
CREATE OR REPLACE FUNCTION adopt_product(product products, class smallint, is_result boolean)
RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  owner integer := coalesce(product.user_id, 0);
  sources text[] := coalesce(array_remove(product.product_images, NULL), '{}');
  results text[] := coalesce(array_remove(product.compressed_product_images, NULL), '{}');
BEGIN
  -- At once, and again when no upload can be under way any more.
  WITH removed AS (
    DELETE FROM product_images WHERE product_id = product.id AND NOT source_url = ANY (sources) RETURNING id, object_key
  )
  INSERT INTO outbox (kind, user_id, product_id, payload, due_at)
  SELECT 'object', owner, product.id, jsonb_build_object('key', object_key), now()
  FROM removed WHERE object_key IS NOT NULL
  UNION ALL
  SELECT 'object', owner, product.id,
    jsonb_build_object('prefix', 'products/' || product.id || '/' || id || '-'), now() + interval '15 min'
  FROM removed;

  INSERT INTO product_images (product_id, source_url)
  SELECT DISTINCT product.id, source FROM unnest(sources) AS source
  WHERE NOT EXISTS (SELECT FROM product_images WHERE product_id = product.id AND source_url = source);

  UPDATE product_images i SET status = 'done', url = r.url, object_key = substring(r.url FROM 'products/.*$'),
    generation = generation + 1, error_code = NULL, error_detail = NULL
  FROM results_of_sources(product.id, sources, results) AS r
  WHERE i.product_id = product.id AND i.source_url = r.source_url AND i.status <> 'done';

  -- Failed after five attempts, the default of MAX_ATTEMPTS. The generation stays: an attempt of ours may
  -- be under way.
  UPDATE product_images SET attempts = attempts + 1, due_at = now() + 2 ^ attempts * interval '2 s',
    status = CASE WHEN attempts < 4 THEN 'pending' ELSE 'failed' END,
    error_code = 'internal', error_detail = 'The image could not be processed. Check that its URL leads to an image.'
  WHERE is_result AND product_id = product.id AND status = 'pending';

  INSERT INTO outbox (kind, class, user_id, product_id, due_at)
  SELECT 'images', class, owner, product.id, min(due_at)
  FROM product_images WHERE product_id = product.id AND status = 'pending' AND (is_result OR due_at <= now())
  GROUP BY greatest(due_at, now());

  RETURN coalesce((
    SELECT array_agg(i.url ORDER BY position) FROM unnest(sources) WITH ORDINALITY AS s (url, position)
    JOIN product_images i ON i.product_id = product.id AND i.source_url = s.url AND i.status = 'done'
  ), '{}');
END $$;
