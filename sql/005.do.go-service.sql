-- The Go service beside us. It knows neither image rows nor versions: it writes products.product_images,
-- and its worker writes back compressed_product_images, which leaves out what failed. A statement of ours
-- names the version that it leaves; one that does not is the Go service's. Its sources become image rows,
-- its results are adopted, and what has no result is enqueued, so that any mixture of its processes and
-- ours comes to an end.

-- Pairs sources and results of a product by the names that the Go service gives to objects:
-- products/<id>/<last part of the source URL>_<nanoseconds><extension>. Where several sources have the same
-- last part, each of them must have a result. Objects with other names are paired by position, if there are
-- as many as sources.
CREATE FUNCTION results_of_sources(product integer, sources text[], results text[])
RETURNS TABLE (source_url text, url text) LANGUAGE sql STABLE AS $$
  WITH source AS (
    SELECT *, row_number() OVER name AS nth, count(*) OVER (PARTITION BY name) AS namesakes FROM (
      SELECT url, position, regexp_replace(rtrim(url, '/'), '^.*/', '') AS name
      FROM unnest(sources) WITH ORDINALITY AS s (url, position)
    ) AS named WINDOW name AS (PARTITION BY name ORDER BY position)
  ), result AS (
    SELECT *, row_number() OVER name AS nth, count(*) OVER (PARTITION BY name) AS namesakes FROM (
      SELECT url, position, substring(url FROM '/products/' || product || '/(.*)_[0-9]{19}[^/]*$') AS name
      FROM unnest(results) WITH ORDINALITY AS r (url, position)
    ) AS named WINDOW name AS (PARTITION BY name ORDER BY position)
  )
  SELECT DISTINCT ON (source.url) source.url, result.url
  FROM source JOIN result ON (source.name, source.nth, source.namesakes) = (result.name, result.nth, result.namesakes)
    OR result.name IS NULL AND source.position = result.position AND cardinality(sources) = cardinality(results)
  ORDER BY source.url, source.position
$$;

-- Makes the image rows of a product fit the sources and results that the Go service has written, and
-- enqueues what follows. Returns the URLs of the finished images. is_result: an image without a result has
-- failed once more.
CREATE FUNCTION adopt_product(product products, class smallint, is_result boolean)
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
  FROM product_images WHERE product_id = product.id AND status = 'pending' HAVING count(*) > 0;

  RETURN coalesce((
    SELECT array_agg(i.url ORDER BY position) FROM unnest(sources) WITH ORDINALITY AS s (url, position)
    JOIN product_images i ON i.product_id = product.id AND i.source_url = s.url AND i.status = 'done'
  ), '{}');
END $$;

CREATE FUNCTION adopt_insert() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE products SET version = 1, compressed_product_images = adopt_product(NEW, 0::smallint, false) WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER adopt_insert AFTER INSERT ON products
  FOR EACH ROW WHEN (NEW.version = 0) EXECUTE FUNCTION adopt_insert();

-- The Go service's API writes every column and, without results, NULL for compressed_product_images; its
-- worker writes every column as it has just read it, and its results.
CREATE FUNCTION adopt_update() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  results text[] := NEW.compressed_product_images;
  is_result boolean := results IS DISTINCT FROM OLD.compressed_product_images
    AND (NEW.product_name, NEW.product_description, NEW.product_price, NEW.product_images)
    IS NOT DISTINCT FROM (OLD.product_name, OLD.product_description, OLD.product_price, OLD.product_images);
BEGIN
  NEW.version := OLD.version + 1;
  NEW.compressed_product_images := adopt_product(NEW, 0::smallint, is_result);
  -- What it has made although there was a result already.
  INSERT INTO outbox (kind, user_id, product_id, payload)
  SELECT DISTINCT 'object', coalesce(NEW.user_id, 0), NEW.id, jsonb_build_object('key', made.key)
  FROM unnest(results) AS url, substring(url FROM '/(products/' || NEW.id || '/[^/]*_[0-9]{19}[^/]*)$') AS made (key)
  WHERE made.key IS NOT NULL AND url <> ALL (coalesce(OLD.compressed_product_images, '{}'))
    AND NOT EXISTS (SELECT FROM product_images i WHERE i.product_id = NEW.id AND i.object_key = made.key);
  RETURN NEW;
END $$;
CREATE TRIGGER adopt_update BEFORE UPDATE ON products
  FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION adopt_update();

-- What it wrote before this migration.
UPDATE products p SET compressed_product_images = adopt_product(p, 1::smallint, false), version = 1 WHERE version = 0;
