import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../lib/auth/caller.ts'
import type { Config } from '../../lib/config/config.ts'
import { productNotFound } from '../../lib/http/app-error.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { Id, Product, ProductInput, ProductReplacement } from '../../lib/products/schemas.ts'
import { IdempotencyHeader, idempotencyKey } from '../idempotency.ts'
import { noBody, problems } from '../problem-replies.ts'
import { withCheckedImages } from './check-images.ts'
import { ifMatch, isKnown, toETag } from './etag.ts'
import { nullImagesAreNone } from './null-images.ts'
import { etag, IfMatch, IfNoneMatch, ListQuery, Message, Params, ReprocessQuery } from './schemas.ts'

const tags = ['products']
/** A product goes out as the JSON text that lies in the cache. */
const ProductJson = Type.Unsafe<string>({ $ref: `${Product.$id}#` })
const UPDATED = { message: 'Product updated successfully' }

const routes: FastifyPluginAsyncTypebox<{ config: Config }> = async (app, { config }) => {
  const { products } = app

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
              headers: { location: Type.String({ description: 'Where the product is' }) }
            }
          ),
          ...problems(403, 409, 413, 415, 422)
        }
      },
      preValidation: nullImagesAreNone
    },
    async (request, reply) => {
      request.caller.mustActFor(request.body.user_id, '/user_id')
      const input = withCheckedImages(request.body, config)
      const product_id = await products.create(input, idempotencyKey(request))
      return reply.code(201).header('location', `${app.prefix}/products/${product_id}`).send({ product_id })
    }
  )

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
          304: noBody({ description: 'The product is still the one that the client has', headers: etag }),
          ...problems(404)
        }
      }
    },
    async (request, reply) => {
      const product = await products.read(request.params.id)
      if (!product || !request.caller.actsFor(product.user_id)) throw productNotFound(request.params.id)
      reply.header('etag', toETag(product.version))
      if (isKnown(request.headers['if-none-match'], product.version)) return reply.code(304).send()
      return reply.type('application/json; charset=utf-8').serializer(String).send(product.json)
    }
  )

  app.get(
    '/products',
    {
      schema: {
        tags,
        operationId: 'listProducts',
        summary: 'List the products of a user, newest first',
        querystring: ListQuery,
        response: {
          200: Type.Array(ref(Product), {
            description: 'One page',
            headers: { link: Type.String({ description: '`<…>; rel="next"` when there is another page' }) }
          }),
          ...problems(403)
        }
      },
      preValidation: async ({ query, caller }: FastifyRequest) => withoutBlanks(query, caller)
    },
    async (request, reply) => {
      request.caller.mustActFor(request.query.user_id, 'user_id')
      const page = await products.list(request.query)
      if (page.next) {
        const { searchParams } = new URL(request.url, 'http://localhost')
        searchParams.set('cursor', page.next)
        reply.header('link', `<${app.prefix}/products?${searchParams}>; rel="next"`)
      }
      return page.products
    }
  )

  app.put(
    '/products',
    {
      schema: {
        tags,
        operationId: 'replaceProduct',
        summary: 'Replace the product that the body names',
        headers: IfMatch,
        body: ref(ProductReplacement),
        response: { 200: Message('Replaced'), ...problems(403, 404, 412, 413, 415, 422) }
      },
      preValidation: nullImagesAreNone
    },
    async ({ body, headers, caller }) => {
      caller.mustActFor(body.user_id, '/user_id')
      await products.update(
        { id: body.id, user_id: body.user_id, accepts: ifMatch(headers['if-match']) },
        withCheckedImages(body, config)
      )
      return UPDATED
    }
  )

  app.put(
    '/products/:id',
    {
      schema: {
        tags,
        operationId: 'updateProduct',
        summary: 'Replace a product; images whose URL stays keep their result',
        params: Params,
        headers: IfMatch,
        body: ref(ProductInput),
        response: { 200: Message('Replaced'), ...problems(403, 404, 412, 413, 415, 422) }
      },
      preValidation: nullImagesAreNone
    },
    async ({ params, body, headers, caller }) => {
      caller.mustActFor(body.user_id, '/user_id')
      await products.update(
        { id: params.id, user_id: body.user_id, accepts: ifMatch(headers['if-match']) },
        withCheckedImages(body, config)
      )
      return UPDATED
    }
  )

  app.delete(
    '/products/:id',
    {
      schema: {
        tags,
        operationId: 'deleteProduct',
        summary: 'Delete a product; its images are removed afterwards',
        params: Params,
        headers: IfMatch,
        response: { 204: noBody({ description: 'Deleted' }), ...problems(404, 412, 413, 415) }
      }
    },
    async ({ params, headers, caller }, reply) => {
      await products.delete({
        id: params.id,
        user_id: caller.userId,
        accepts: ifMatch(headers['if-match'])
      })
      return reply.code(204).send()
    }
  )

  app.post(
    '/products/:id/reprocess',
    {
      schema: {
        tags,
        operationId: 'reprocessProduct',
        summary: 'Process the failed images again, or all of them',
        params: Params,
        querystring: ReprocessQuery,
        response: { 202: Message('The images are owed again'), ...problems(404, 413, 415) }
      }
    },
    async ({ params, query, caller }, reply) => {
      await products.reprocess({ id: params.id, user_id: caller.userId }, query.all)
      return reply.code(202).send({ message: 'Images will be processed again' })
    }
  )
}

/** The original took an empty filter for none; whose products are meant goes without saying for a caller of one user. */
function withoutBlanks(query: unknown, { userId }: Caller): void {
  const filter = query as Record<string, unknown>
  for (const name of Object.keys(filter)) if (filter[name] === '') delete filter[name]
  if (userId !== undefined) filter.user_id ??= userId
}

export default routes
