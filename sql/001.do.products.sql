-- Users and products have the shape of the original AsyncProd, so that its database is adopted in place and its
-- program can go on writing beside us. Everything of our own is added around them.

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

-- Originals call the key users.user_id, or users.id. The other one is generated beside it, so both can be read, and inserts
-- stay as they were.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'id' AND NOT attisdropped) THEN
    ALTER TABLE users ADD COLUMN id integer GENERATED ALWAYS AS (user_id) STORED UNIQUE;
  ELSIF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'user_id' AND NOT attisdropped) THEN
    ALTER TABLE users ADD COLUMN user_id integer GENERATED ALWAYS AS (id) STORED UNIQUE;
  END IF;
END $$;

-- One of the original's schema files has no foreign key. An unknown user is refused from now on, old rows stay.
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

-- Raised by one with every change of a product or its images; writers state the version they leave. The original knows
-- nothing of it: its inserts stand at 0 and its updates leave it where it was, which is how they are told apart below.
ALTER TABLE products ADD COLUMN version integer NOT NULL DEFAULT 0;

CREATE INDEX products_by_user ON products (user_id, created_at DESC, id DESC);
CREATE INDEX products_by_price ON products (user_id, product_price);

-- The name search matches anywhere in the name. Without pg_trgm it still works, by reading a user's products in order.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX products_by_name ON products USING gin (product_name gin_trgm_ops);
EXCEPTION WHEN undefined_file OR insufficient_privilege OR feature_not_supported OR undefined_object THEN
  RAISE NOTICE 'pg_trgm is not available: the search by product name has no index';
END $$;

-- One row for each different URL of a product. products.product_images says which and in which order.
CREATE TABLE product_images (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  product_id integer NOT NULL REFERENCES products ON DELETE CASCADE,
  source_url text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  object_key text,
  url text,
  width integer,
  height integer,
  source_bytes integer,
  bytes integer,
  attempts integer NOT NULL DEFAULT 0,
  error_code text,
  error_detail text,
  -- Since when, or from when on, somebody should be working on it.
  due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX product_images_by_product ON product_images (product_id);
CREATE INDEX product_images_pending ON product_images (due_at) WHERE status = 'pending';
CREATE INDEX product_images_failed ON product_images (product_id) WHERE status = 'failed';

-- What is owed. A row is deleted when somebody has taken the work over; until then it comes due again and again.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  product_id integer,
  payload jsonb NOT NULL DEFAULT '{}',
  claims integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_due ON outbox (kind, due_at);
CREATE INDEX outbox_by_product ON outbox (product_id) WHERE kind = 'images';

-- A product written by somebody who does not know of versions owes its images all the same.
CREATE FUNCTION owe_foreign_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    NEW.version := OLD.version + 1;
  END IF;
  INSERT INTO outbox (kind, product_id) VALUES ('images', NEW.id);
  RETURN NEW;
END $$;
CREATE TRIGGER owe_foreign_insert BEFORE INSERT ON products
  FOR EACH ROW WHEN (NEW.version = 0) EXECUTE FUNCTION owe_foreign_write();
CREATE TRIGGER owe_foreign_update BEFORE UPDATE ON products
  FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION owe_foreign_write();
