import type { FastifyInstance } from 'fastify'

/**
 * Creates a product for each line `name;price;image URL` and resolves with their ids. A program of your own
 * would send requests; `inject` lets a test do without a port, as test/examples.test.ts shows.
 */
export async function importList(app: Pick<FastifyInstance, 'inject'>, list: string): Promise<number[]> {
  const ids: number[] = []
  for (const line of list.trim().split('\n')) {
    const [product_name, price, url] = line.split(';')
    const product_price = Number(price)
    // In JSON, NaN is null, and the price would be 0.
    if (Number.isNaN(product_price)) throw new Error(`${line}: ${price} is no price`)
    const payload = { user_id: 1, product_name, product_price, product_images: [url] }
    const reply = await app.inject({ method: 'POST', url: '/api/v1/products', payload })
    const body = reply.json()
    if (reply.statusCode !== 201) throw new Error(`${line}: ${body.errors?.[0]?.detail ?? body.detail}`)
    ids.push(body.product_id)
  }
  return ids
}
