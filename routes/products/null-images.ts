import type { FastifyRequest } from 'fastify'

/** Clients written in Go, as the original's are, send a list that was never made as null. */
export async function nullImagesAreNone({ body }: FastifyRequest): Promise<void> {
  if (typeof body !== 'object' || body === null || !('product_images' in body)) return
  if (body.product_images === null) Reflect.deleteProperty(body, 'product_images')
}
