-- One row for each different URL of a product. products.product_images says which and in which order.
CREATE TABLE product_images (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  product_id integer NOT NULL REFERENCES products ON DELETE CASCADE,
  source_url text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  -- Raised by every outcome and whenever the image is enqueued again: an outcome counts only for the
  -- generation it began with.
  generation integer NOT NULL DEFAULT 1,
  object_key text,
  url text,
  width integer,
  height integer,
  source_bytes integer,
  bytes integer,
  attempts integer NOT NULL DEFAULT 0,
  error_code text,
  error_detail text,
  -- When a pending image is due, or has been due since.
  due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX product_images_by_product ON product_images (product_id);
CREATE INDEX product_images_pending ON product_images (due_at) WHERE status = 'pending';
CREATE INDEX product_images_failed ON product_images (product_id) WHERE status = 'failed';
