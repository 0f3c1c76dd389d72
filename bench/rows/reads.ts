import { Redis } from 'ioredis'
import type { Setup } from '../environment.ts'
import type { Row } from '../row.ts'
import { bareApi } from './bare-api.ts'

const CONNECTIONS = 50
/** Until V8 has compiled what is hot: one for the bare route; three for the service, which has more code. */
const WARM_UPS = 3
/** Read again and again, so each is in the cache. */
const HOT = 200
/** So many that none is read twice while an entry of the cache would live. */
const COLD = 300_000

export const cached: Row = {
  name: 'reads-cached',
  title: 'product reads, cached',
  baseline: 'a bare Fastify route with one Redis GET',
  warmUps: WARM_UPS,
  figures: [
    { name: 'rate', unit: 'reads/s', reach: { atLeast: 1 } },
    { name: 'cpu', unit: 'µs of CPU a request' }
  ],
  async open(environment, { seconds }, stack) {
    const setup = await environment.setup(stack)
    await seed(setup, HOT)
    const api = await environment.service('api', 'api', setup, stack)
    const redis = stack.adopt(new Redis(setup.redisUrl), (redis) => redis.disconnect())
    for (let id = 1; id <= HOT; id++) {
      const response = await fetch(`${api.url}/api/v1/products/${id}`)
      await redis.set(`bench:${id}`, await response.text())
    }
    const bare = await bareApi(environment, setup, stack)
    const load = { connections: CONNECTIONS, seconds, method: 'GET' as const, ids: HOT }
    return {
      baseline: () => environment.load(bare, { ...load, path: '/get/' }),
      ours: () => environment.load(api, { ...load, path: '/api/v1/products/' })
    }
  }
}

export const uncached: Row = {
  name: 'reads-uncached',
  title: 'product reads, not cached',
  baseline: 'a bare Fastify route with the same select',
  warmUps: WARM_UPS,
  figures: [
    { name: 'rate', unit: 'reads/s', reach: { atLeast: 1.1 } },
    { name: 'cpu', unit: 'µs of CPU a request' }
  ],
  async open(environment, { seconds }, stack) {
    const setup = await environment.setup(stack)
    await seed(setup, COLD)
    const api = await environment.service('api', 'api', setup, stack)
    const bare = await bareApi(environment, setup, stack)
    const load = { connections: CONNECTIONS, seconds, method: 'GET' as const, ids: COLD }
    return {
      baseline: () => environment.load(bare, { ...load, path: '/select/' }),
      ours: () => environment.load(api, { ...load, path: '/api/v1/products/' })
    }
  }
}

/** Finished products with two images each. */
export async function seed({ query }: Setup, products: number): Promise<void> {
  await query(
    `INSERT INTO products (user_id, product_name, product_description,
       product_price, product_images, compressed_product_images, version)
     SELECT 1, 'Walnut desk ' || n, 'A desk of solid walnut, oiled by hand.',
       n % 1000, ARRAY['http://a.test/1', 'http://a.test/2'], ARRAY['http://b.test/1', 'http://b.test/2'], 2
     FROM generate_series(1, $1::integer) AS n`,
    [products]
  )
  await query(
    `INSERT INTO product_images
       (product_id, source_url, status, object_key, url, width, height, source_bytes, bytes, attempts)
     SELECT id, 'http://a.test/' || n, 'done', 'products/' || id || '/' || n, 'http://b.test/' || n,
       800, 533, 1600000, 60000, 1
     FROM products, generate_series(1, 2) AS n`
  )
  await query('VACUUM ANALYZE products, product_images')
}
