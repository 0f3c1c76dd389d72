import Fastify from 'fastify'
import { Redis } from 'ioredis'
import pg from 'pg'
import { LOAD } from '../../lib/products/statements.ts'
import { options, say } from './child.ts'

/** A bare Fastify, and one statement or command a route. */
const { databaseUrl, redisUrl } = options<{ databaseUrl: string; redisUrl: string }>()
// The product's pool.
const pool = new pg.Pool({ connectionString: databaseUrl, max: 20, keepAlive: true })
const redis = new Redis(redisUrl)
const app = Fastify()

interface Body {
  user_id: number
  product_name: string
  product_description: string
  product_price: number
  product_images: string[]
}

const INSERT = {
  name: 'insert',
  text: `
WITH product AS (
  INSERT INTO products (user_id, product_name, product_description, product_price, product_images, version)
  VALUES ($1, $2, $3, $4, $5, 1)
  RETURNING id
), image AS (
  INSERT INTO product_images (product_id, source_url)
  SELECT product.id, url FROM product, unnest($5::text[]) AS url
), enqueued AS (
  INSERT INTO outbox (kind, product_id) SELECT 'images', id FROM product
)
SELECT id FROM product`
}

app.post<{ Body: Body }>('/insert', async ({ body }, reply) => {
  const { user_id, product_name, product_description, product_price, product_images } = body
  const values = [user_id, product_name, product_description, product_price, product_images]
  const { rows } = await pool.query<{ id: number }>({ ...INSERT, values })
  return reply.code(201).send({ product_id: rows[0]?.id })
})

app.get<{ Params: { id: string } }>('/select/:id', async ({ params }) => {
  const { rows } = await pool.query({ ...LOAD, values: [params.id] })
  return rows[0]
})

app.get<{ Params: { id: string } }>('/get/:id', async ({ params }, reply) => {
  return reply.type('application/json').send(await redis.get(`bench:${params.id}`))
})

app.get('/health', async () => {
  await Promise.all([pool.query('SELECT 1'), redis.ping()])
  return { status: 'healthy' }
})

await app.listen({ host: '127.0.0.1', port: options<{ port?: number }>().port ?? 0 })
say(app.server.address())
process.once('disconnect', () => process.exit())
