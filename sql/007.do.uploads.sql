-- Files that clients send instead of a URL. Their bytes are in the object store, under uploads/<id>. A
-- product names one as the source upload:<id>.
CREATE TABLE uploads (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id integer NOT NULL REFERENCES users (id),
  content_type text NOT NULL,
  -- Null where the client did not say.
  bytes integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Until then it is kept, whether or not a product names it.
  kept_until timestamptz NOT NULL DEFAULT now() + interval '24 hours'
);
CREATE INDEX uploads_by_end ON uploads (kept_until);
CREATE INDEX product_images_uploads ON product_images (source_url) WHERE source_url LIKE 'upload:%';
