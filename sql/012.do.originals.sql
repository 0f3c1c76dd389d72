-- What is kept of an image's source: {"key", "validators": {"url", "etag", "last_modified"}, "refetch"}, or
-- NULL. Its object is written and removed with the image's results. "refetch": the next attempt asks the
-- origin whether the source has changed.
ALTER TABLE product_images ADD COLUMN original jsonb;
