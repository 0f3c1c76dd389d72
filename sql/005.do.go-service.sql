-- Images of products that the Go service wrote before this migration. It leaves out of compressed_product_images what
-- failed, and names objects products/<id>/<last part of the source URL>_<nanoseconds>.<extension>. As many results as
-- sources belong together in order; fewer are matched by that name where it is unique. Images without a result are enqueued.

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

INSERT INTO outbox (kind, class, user_id, product_id)
SELECT DISTINCT 'images', 1, p.user_id, p.id FROM adopted JOIN products p ON p.id = product_id WHERE url IS NULL;

UPDATE products p SET version = 1 WHERE version = 0;

-- A product that the Go service writes has images to process, too.
CREATE FUNCTION enqueue_foreign_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    NEW.version := OLD.version + 1;
  END IF;
  INSERT INTO outbox (kind, user_id, product_id) VALUES ('images', NEW.user_id, NEW.id);
  RETURN NEW;
END $$;
CREATE TRIGGER enqueue_foreign_insert BEFORE INSERT ON products
  FOR EACH ROW WHEN (NEW.version = 0) EXECUTE FUNCTION enqueue_foreign_write();
CREATE TRIGGER enqueue_foreign_update BEFORE UPDATE ON products
  FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION enqueue_foreign_write();
