-- Users and products have the shape that the Go service gave them, so its database is adopted in place and
-- the Go service may go on writing beside us. Everything else is added around these two tables.

CREATE TABLE IF NOT EXISTS users (
  id serial PRIMARY KEY,
  username varchar(100) NOT NULL
);

CREATE TABLE IF NOT EXISTS products (
  id serial PRIMARY KEY,
  user_id integer NOT NULL REFERENCES users,
  product_name varchar(255) NOT NULL,
  product_description text,
  product_price numeric(10, 2) NOT NULL,
  product_images text[],
  compressed_product_images text[],
  created_at timestamptz DEFAULT now(),
  updated_at timestamptz DEFAULT now()
);

-- The Go service's key is users.user_id or users.id. The other one is generated beside it: both can be
-- read, and inserts stay as they were.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'id' AND NOT attisdropped) THEN
    ALTER TABLE users ADD COLUMN id integer GENERATED ALWAYS AS (user_id) STORED UNIQUE;
  ELSIF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'user_id' AND NOT attisdropped) THEN
    ALTER TABLE users ADD COLUMN user_id integer GENERATED ALWAYS AS (id) STORED UNIQUE;
  END IF;
END $$;

-- One of the Go service's schemas has no foreign key. Unknown users are refused from now on; old rows stay.
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_constraint WHERE conrelid = 'products'::regclass AND confrelid = 'users'::regclass AND contype = 'f'
  ) THEN
    ALTER TABLE products ADD FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
  END IF;
END $$;

INSERT INTO users (username) SELECT 'testuser' WHERE NOT EXISTS (SELECT FROM users);

UPDATE products SET created_at = coalesce(created_at, updated_at, now()), updated_at = coalesce(updated_at, created_at, now())
  WHERE created_at IS NULL OR updated_at IS NULL;
ALTER TABLE products ALTER created_at SET NOT NULL, ALTER updated_at SET NOT NULL;

-- Raised by one with every change of a product or its images; our statements name the version they leave.
-- The Go service knows no versions: its inserts have 0 and its updates leave it unchanged. That is how
-- triggers recognise them.
ALTER TABLE products ADD COLUMN version integer NOT NULL DEFAULT 0;

CREATE INDEX products_by_user ON products (user_id, created_at DESC, id DESC);
CREATE INDEX products_by_price ON products (user_id, product_price);

-- The name search matches anywhere in the name. Without pg_trgm it reads a user's products in order.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX products_by_name ON products USING gin (product_name gin_trgm_ops);
EXCEPTION WHEN undefined_file OR insufficient_privilege OR feature_not_supported OR undefined_object THEN
  RAISE NOTICE 'pg_trgm is not available: the search by product name has no index';
END $$;
