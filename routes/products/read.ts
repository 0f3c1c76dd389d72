import { Type } from '@sinclair/typebox'
import { productNotFound } from '../../lib/http/app-error.ts'
import { Product } from '../../lib/products/schemas.ts'
import type { Operation } from '../operation.ts'
import { noBody, problems } from '../problem-replies.ts'
import { isKnown, toETag } from './etag.ts'
import { etag, IfNoneMatch, Params, tags } from './schemas.ts'

/** A product is sent as the JSON text that the cache holds. */
const ProductJson = Type.Unsafe<string>({ $ref: `${Product.$id}#` })

export const read: Operation = (app) => {
  app.get(
    '/products/:id',
    {
      schema: {
        tags,
        operationId: 'getProduct',
        summary: 'Read a product and the state of its images',
        params: Params,
        headers: IfNoneMatch,
        response: {
          200: {
            description: 'The product',
            headers: etag,
            content: { 'application/json': { schema: ProductJson } }
          },
          304: noBody({ description: 'The client has the current version', headers: etag }),
          ...problems(404)
        }
      }
    },
    async ({ params: { id }, headers, caller }, reply) => {
      const product = await app.products.read(id)
      if (!product || !caller.actsFor(product.user_id)) throw productNotFound(id)
      reply.header('etag', toETag(product))
      if (isKnown(headers['if-none-match'], product)) return reply.code(304).send()
      return reply.type('application/json; charset=utf-8').serializer(String).send(product.json)
    }
  )
}
