-- How often work on an image was begun and never came to an end, since it was owed or got its last result. Who adopts the
-- original's database has this table from us, and a default that is a constant rewrites nothing.
ALTER TABLE product_images ADD COLUMN interruptions integer NOT NULL DEFAULT 0;
