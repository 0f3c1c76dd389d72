/** The tables of the original AsyncProd, in each form that it has been installed in. */
export const ORIGINAL_FORMS = {
  'users.user_id with a foreign key': `
    CREATE TABLE users (user_id serial PRIMARY KEY, username varchar(100));
    CREATE TABLE products (${productColumns('int REFERENCES users (user_id)')})`,
  'users.id with a foreign key': `
    CREATE TABLE users (id serial PRIMARY KEY, username varchar(100) NOT NULL);
    CREATE TABLE products (${productColumns('int REFERENCES users (id)')})`,
  'users.user_id without a foreign key': `
    CREATE TABLE users (user_id serial PRIMARY KEY, username varchar(100));
    CREATE TABLE products (${productColumns('int')})`
}

function productColumns(userId: string): string {
  return `id serial PRIMARY KEY, user_id ${userId}, product_name varchar(255), product_description text,
    product_price decimal(10,2), product_images text[], compressed_product_images text[],
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()`
}

/** How the original creates a product, and how it writes its results back. */
export const INSERT = `INSERT INTO products (user_id, product_name, product_description, product_price, product_images)
  VALUES ($1, $2, $3, $4, $5) RETURNING id`
export const WRITE_BACK =
  'UPDATE products SET compressed_product_images = $1, updated_at = now() WHERE id = $2'

/** The public URL that the original gave to a result: last part of the source URL and nanoseconds. */
export const originalUrl = (productId: number, source: string) =>
  `https://pictures.s3.us-east-1.amazonaws.com/products/${productId}/${source.split('/').at(-1)}_1700000000000000000.jpg`
