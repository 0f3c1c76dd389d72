import type { Pool } from 'pg'

/** The Go service's tables, in each form in which it has been installed. */
export const GO_TABLES = {
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

const INSERT = `INSERT INTO products
  (user_id, product_name, product_description, product_price, product_images, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, NOW(), NOW()) RETURNING id`
const UPDATE = `UPDATE products SET product_name = $2, product_description = $3, product_price = $4,
  product_images = $5, compressed_product_images = $6, updated_at = NOW() WHERE id = $1 AND user_id = $7`

interface GoProduct {
  id: number
  user_id: number
  product_name: string
  product_description: string
  product_price: number
  product_images: string[]
}

/** The Go service's statements: its API inserts and replaces products, its worker writes whole products. */
export class GoService {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async create(product_images: string[]): Promise<number> {
    const { rows } = await this.#pool.query<{ id: number }>(INSERT, [1, 'Theirs', '', 5, product_images])
    return rows[0]?.id ?? 0
  }

  /** Its clients send no results, so it writes NULL. */
  async replace(id: number, product_images: string[]): Promise<void> {
    await this.#pool.query(UPDATE, [id, 'Theirs, changed', '', 6, product_images, null, 1])
  }

  /** Writes every column as it has just read it; NULL when it has made none of the images. */
  async writeBack(id: number, results: string[]): Promise<void> {
    const { rows } = await this.#pool.query<GoProduct>('SELECT * FROM products WHERE id = $1', [id])
    if (!rows[0]) return
    const { product_name, product_description, product_price, product_images, user_id } = rows[0]
    const columns = [product_name, product_description, product_price, product_images]
    await this.#pool.query(UPDATE, [id, ...columns, results.length > 0 ? results : null, user_id])
  }
}

let nanoseconds = 1_700_000_000_000_000_000n

/** The key of a result: the last part of the source URL, and nanoseconds. */
export function goKey(productId: number, source: string): string {
  const name = source.split('/').at(-1) ?? ''
  const extension = /\.[^.]*$/.exec(name)?.[0] ?? ''
  return `products/${productId}/${name}_${nanoseconds++}${extension}`
}

/** The public URL that it gives to a result. */
export const goUrl = (key: string) => `https://pictures.s3.amazonaws.com/${key}`
