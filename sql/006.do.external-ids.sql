-- What a client calls the product, and what else it keeps with it. The Go service and earlier processes
-- write neither. json, because jsonb would return metadata with other keys in another order.
ALTER TABLE products ADD COLUMN external_id text, ADD COLUMN metadata json;
CREATE UNIQUE INDEX products_external_id ON products (external_id, user_id) WHERE external_id IS NOT NULL;
