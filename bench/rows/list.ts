import type { Setup } from '../environment.ts'
import type { Row } from '../row.ts'

const FEW = 10_000
const CONNECTIONS = 4
/** A word that one product in fifty has in its name, and a third of all prices. */
const PATH = '/api/v1/products?limit=50&min_price=200&max_price=550&product_name=walnut'

export const row: Row = {
  name: 'list',
  title: 'list of 50 with price and name filters, p99, in a large catalogue',
  baseline: 'the same among 10,000 products',
  figures: [{ name: 'p99', unit: 'ms', reach: { atMost: 2 } }],
  async open(environment, { seconds, catalogue }, stack) {
    const open = async (products: number) => {
      const setup = await environment.setup(stack)
      await seed(setup, products)
      return environment.service(`api, ${products} products`, 'api', setup, stack)
    }
    const [few, many] = [await open(FEW), await open(catalogue)]
    const load = { connections: CONNECTIONS, seconds, method: 'GET' as const, path: PATH }
    return {
      baseline: () => environment.load(few, load),
      ours: () => environment.load(many, load)
    }
  }
}

const NAMES = ['walnut', 'oak', 'linen', 'copper', 'marble', 'velvet', 'bamboo', 'ceramic', 'brass', 'wool']

/** Products of one user, each with a finished image, a minute apart. */
async function seed({ query }: Setup, products: number): Promise<void> {
  await query(`ALTER TABLE products DISABLE TRIGGER USER`)
  await query(
    `INSERT INTO products (user_id, product_name, product_description,
       product_price, product_images, compressed_product_images, created_at, version)
     SELECT 1, ($2::text[])[1 + n % 50 % 10] || CASE WHEN n % 50 < 10 THEN ' desk ' ELSE ' thing ' END || md5(n::text),
       'A description.', n::bigint * 7919 % 1000, ARRAY['http://a.test/' || n], ARRAY['http://b.test/' || n],
       now() - n * interval '1 minute', 2
     FROM generate_series(1, $1::integer) AS n`,
    [products, NAMES]
  )
  await query(
    `INSERT INTO product_images
       (product_id, source_url, status, object_key, url, width, height, source_bytes, bytes, attempts)
     SELECT id, product_images[1], 'done', 'products/' || id, compressed_product_images[1], 800, 533, 1600000, 60000, 1
     FROM products`
  )
  await query('VACUUM ANALYZE products, product_images')
}
