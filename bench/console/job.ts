import type { FastifyInstance } from 'fastify'
import { Relay } from '../../lib/outbox/relay.ts'
import type { ProductRecord } from '../../lib/products/record.ts'

const REPORT = {
  ms: 900,
  stages: {
    dns_ms: 3,
    connect_ms: 20,
    headers_ms: 90,
    body_ms: 300,
    core_wait_ms: 1,
    compress_ms: 40,
    upload_ms: 30
  },
  responses: [{ url: 'https://img1.shop.example/1.jpg', status: 200, address: '192.0.2.7', kept: false }]
}

/** Creates products of one image each, so many at once. Resolves with their ids. */
export async function create(app: FastifyInstance, products: number, atOnce: number): Promise<number[]> {
  const ids: number[] = []
  const lamp = (n: number) => ({
    user_id: 1,
    product_name: 'Lamp',
    product_images: [`https://img1.shop.example/${n}.jpg`]
  })
  while (ids.length < products) {
    const lamps = Array.from({ length: atOnce }, (_, n) => app.products.create(lamp(n)))
    ids.push(...(await Promise.all(lamps)))
  }
  return ids
}

/**
 * Does all that the database has of the jobs of so many products, so many at once: claims their outbox rows,
 * reads the products, finishes their images and deletes the rows.
 */
export async function process(
  app: FastifyInstance,
  products: number,
  atOnce: number,
  withAttempts: boolean
): Promise<void> {
  const { outbox, log } = app
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = products
  const relay = new Relay({
    outbox,
    log,
    kind: 'images',
    capacity: atOnce,
    leaseMs: 30_000,
    async dispatch({ product_id }) {
      const product = product_id === null ? null : await app.products.load(product_id)
      if (product) await finish(app, product, withAttempts)
      if (--left === 0) resolve()
    }
  })
  relay.start()
  await promise
  await relay.stop(10_000)
}

const finish = (app: FastifyInstance, product: ProductRecord, withAttempts: boolean) =>
  app.products.background.finish(
    product,
    product.images.map((image) => ({
      image,
      outcome: {
        status: 'done' as const,
        object_key: `products/${product.id}/${image.id}-1.jpg`,
        url: `https://cdn.shop.example/products/${product.id}/${image.id}-1.jpg`,
        ...{ width: 800, height: 533, source_bytes: 1_600_000, bytes: 60_000 },
        ...{ renditions: {}, placeholder: null, original: null }
      },
      ...(withAttempts && { report: REPORT })
    }))
  )
