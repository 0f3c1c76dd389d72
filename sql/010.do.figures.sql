-- How many images there are in each state, and what happened in each minute of the last 24 hours. Triggers
-- write both, so that the Go service and earlier processes count, too. They only append: counters that are
-- updated in place would make every commit wait for the one before. Once a minute the events are added up.

-- When the image was enqueued; its results are waited for since then.
ALTER TABLE product_images ADD COLUMN enqueued_at timestamptz NOT NULL DEFAULT now();

CREATE TABLE image_events (
  minute timestamptz NOT NULL DEFAULT date_trunc('minute', now()),
  -- created; ended: done or failed after it was pending; moved: only its count changes.
  event text NOT NULL,
  status text NOT NULL,
  code text NOT NULL,
  -- Of done images: how long it took, 10 ms * 2 ^ (bucket / 2) at least.
  bucket smallint,
  -- What the event adds to the number of images with that status and code.
  n integer NOT NULL
);

-- Without the events that are not added up yet.
CREATE TABLE image_counts (
  status text NOT NULL,
  code text NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (status, code)
);

CREATE TABLE history (
  minute timestamptz PRIMARY KEY,
  created bigint NOT NULL DEFAULT 0,
  done bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  -- Done images by bucket.
  waits bigint[] NOT NULL DEFAULT '{}',
  -- As they were in that minute, if a process was there.
  pending bigint,
  oldest_due_s float8
);

CREATE FUNCTION count_added_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO image_events (event, status, code, n)
  SELECT 'created', status, coalesce(error_code, ''), count(*) FROM added GROUP BY 2, 3;
  RETURN NULL;
END $$;

CREATE FUNCTION count_removed_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO image_events (event, status, code, n)
  SELECT 'moved', status, coalesce(error_code, ''), -count(*) FROM removed GROUP BY 2, 3;
  RETURN NULL;
END $$;

CREATE FUNCTION count_updated_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  WITH change AS (
    SELECT b.status AS old_status, coalesce(b.error_code, '') AS old_code, a.status, coalesce(a.error_code, '') AS code,
      CASE WHEN b.status = 'pending' AND a.status = 'done' THEN
        least(39, floor(2.8853901 * ln(greatest(1, 100 * extract(epoch FROM now() - a.enqueued_at)::float8))))
      END AS bucket
    FROM before b JOIN after a USING (id)
    WHERE (b.status, b.error_code) IS DISTINCT FROM (a.status, a.error_code)
  )
  INSERT INTO image_events (event, status, code, bucket, n)
  SELECT 'moved', old_status, old_code, NULL, -count(*) FROM change GROUP BY 2, 3
  UNION ALL
  SELECT CASE WHEN old_status = 'pending' AND status <> 'pending' THEN 'ended' ELSE 'moved' END AS event,
    status, code, bucket, count(*) FROM change GROUP BY 1, 2, 3, 4;
  RETURN NULL;
END $$;

CREATE TRIGGER count_added AFTER INSERT ON product_images REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_added_images();
CREATE TRIGGER count_removed AFTER DELETE ON product_images REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION count_removed_images();
CREATE TRIGGER count_updated AFTER UPDATE ON product_images REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION count_updated_images();

INSERT INTO image_counts SELECT status, coalesce(error_code, ''), count(*) FROM product_images GROUP BY 1, 2;
