-- What each attempt at an image took and what it got, written in the commit of its outcome. Without foreign
-- keys, which would cost every attempt a look-up; attempts at images that are gone are removed by age.
CREATE TABLE attempts (
  product_id integer NOT NULL,
  image_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  outcome text NOT NULL,
  code text,
  detail text,
  ms integer NOT NULL,
  stages jsonb NOT NULL,
  responses jsonb NOT NULL
);
-- Products are numbered in the order of time, so their entries lie together; those of images would not.
CREATE INDEX attempts_by_product ON attempts (product_id);
CREATE INDEX attempts_by_age ON attempts USING brin (at);

-- Searches go through the images that are not done, newest product first.
CREATE INDEX product_images_open ON product_images (status, product_id, id) WHERE status <> 'done';
DROP INDEX product_images_failed;
