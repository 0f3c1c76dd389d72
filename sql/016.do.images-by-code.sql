-- Searches by code. Images that are created or done without an error have no entry and cost nothing here.
CREATE INDEX product_images_by_code ON product_images (error_code, product_id, id) WHERE error_code IS NOT NULL;
