-- Images of products that the original AsyncProd wrote before this migration. It left out of compressed_product_images
-- what failed, and named objects products/<id>/<last part of the source URL>_<nanoseconds>.<extension>: as many results as
-- sources belong together in order, fewer are matched by that name where it tells them apart, and what stays without a result
-- is owed.

CREATE TEMPORARY TABLE adopted ON COMMIT DROP AS
WITH source AS (
  SELECT p.id AS product_id, s.url, min(s.position) AS position,
    cardinality(p.product_images) = cardinality(p.compressed_product_images) AS complete,
    count(*) OVER (PARTITION BY p.id, regexp_replace(s.url, '^.*/', '')) AS namesakes
  FROM products p, unnest(p.product_images) WITH ORDINALITY AS s (url, position)
  WHERE p.version = 0 AND s.url IS NOT NULL
  GROUP BY p.id, s.url
), result AS (
  SELECT p.id AS product_id, r.url, r.position
  FROM products p, unnest(p.compressed_product_images) WITH ORDINALITY AS r (url, position)
  WHERE p.version = 0 AND r.url IS NOT NULL
)
SELECT source.product_id, source.url AS source_url, source.position,
  (SELECT result.url FROM result
   WHERE result.product_id = source.product_id AND CASE WHEN source.complete
     THEN result.position = source.position
     ELSE source.namesakes = 1 AND position('/products/' || source.product_id || '/' || regexp_replace(source.url, '^.*/', '') || '_' IN result.url) > 0 END
   ORDER BY result.position LIMIT 1) AS url
FROM source;

INSERT INTO product_images (product_id, source_url, status, url, object_key)
SELECT product_id, source_url, CASE WHEN url IS NULL THEN 'pending' ELSE 'done' END, url, substring(url FROM 'products/.*$')
FROM adopted ORDER BY product_id, position;

INSERT INTO outbox (kind, product_id) SELECT DISTINCT 'images', product_id FROM adopted WHERE url IS NULL;

UPDATE products p SET version = 1 WHERE version = 0;
