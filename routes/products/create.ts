import { Type } from '@sinclair/typebox'
import { ref } from '../../lib/http/schema-ref.ts'
import { Id, ProductInput } from '../../lib/products/schemas.ts'
import { IdempotencyHeader, idempotencyKey } from '../idempotency.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { withCheckedImages } from './check-images.ts'
import { tags } from './schemas.ts'

export const create: Operation = (app, config) => {
  const base = `${config.server.publicUrl ?? ''}${app.prefix}/products`

  app.post(
    '/products',
    {
      schema: {
        tags,
        operationId: 'createProduct',
        summary: 'Create a product; its images are processed afterwards',
        headers: IdempotencyHeader,
        body: ref(ProductInput),
        response: {
          201: Type.Object(
            { product_id: Id },
            {
              description: 'Created',
              headers: { location: Type.String({ description: 'The path of the product' }) }
            }
          ),
          ...problems(403, 409, 413, 415, 422)
        }
      }
    },
    async (request, reply) => {
      request.caller.mustActFor(request.body.user_id, '/user_id')
      const input = withCheckedImages(request.body, config)
      const product_id = await app.products.create(input, idempotencyKey(request))
      return reply.code(201).header('location', `${base}/${product_id}`).send({ product_id })
    }
  )
}
