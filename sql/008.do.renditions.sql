-- Further sizes and formats of an image, by name: {"thumb": {"key", "url", "width", "height", "bytes",
-- "definition"}}. They are written and removed with its JPEG.
ALTER TABLE product_images ADD COLUMN renditions jsonb NOT NULL DEFAULT '{}';
-- {"thumbhash", "color"}, or NULL without one.
ALTER TABLE product_images ADD COLUMN placeholder jsonb;
