import pg from 'pg'
import { Outbox } from '../../lib/outbox/outbox.ts'
import { ProductCreator } from '../../lib/products/create.ts'
import { onQuestion, options, say } from './child.ts'

const LANES = 16
const LEASE_MS = 30_000

/** Creates a product, claims a row and ends it, again and again, by the product's own code. */
const pool = new pg.Pool({
  connectionString: options<{ databaseUrl: string }>().databaseUrl,
  max: LANES
})
const outbox = new Outbox(pool)
const creator = new ProductCreator(pool, outbox)
const product = {
  user_id: 1,
  product_name: 'Desk',
  product_description: 'A desk.',
  product_price: 1,
  product_images: ['http://a.test/1', 'http://a.test/2']
}

onQuestion<{ seconds: number }>(async ({ seconds }) => {
  const end = performance.now() + seconds * 1000
  let done = 0
  const lane = async () => {
    for (; performance.now() < end; done++) {
      await creator.create(product)
      const rows = await outbox.claim('images', 1, LEASE_MS)
      await outbox.done(rows)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return { perSecond: done / seconds }
})
say('ready')
