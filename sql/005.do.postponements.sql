-- How often an image made room for those of other hosts since it was last tried: the next time it stays away for longer.
ALTER TABLE product_images ADD COLUMN postponements integer NOT NULL DEFAULT 0;
