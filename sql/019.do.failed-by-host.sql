-- Counts the failed images of a host and of the domains below it: names are reversed, so these lie together.
-- Images that are created or done have no entry and cost nothing here. A name has 253 characters at most, but
-- a source may have any text in its place, and what is too long for an index could not become failed.
-- Among ten million images it was made in 4 s; writes of images wait for that long.
CREATE INDEX product_images_failed_by_host ON product_images (
  (left(reverse(lower(substring(source_url FROM '^[a-zA-Z]+://(?:[^/?#]*@)?(\[[^\]]*\]|[^/:?#]+)'))), 255) || '.')
    text_pattern_ops
) WHERE status = 'failed';
