import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../lib/auth/caller.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { Product } from '../../lib/products/schemas.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { completeUser, ListQuery, tags } from './schemas.ts'

export const list: Operation = (app, { server }) => {
  // Relative, since a proxy may serve the API below another path.
  const base = server.publicUrl ? `${server.publicUrl}${app.prefix}/products` : ''

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
            headers: { link: Type.String({ description: '`<…>; rel="next"` if there is another page' }) }
          }),
          ...problems(403)
        }
      },
      preValidation: async ({ query, caller }: FastifyRequest) => complete(query, caller)
    },
    async ({ query, caller, url }, reply) => {
      if (query.user_id !== undefined) caller.mustActFor(query.user_id, 'user_id')
      const page = await app.products.list(query)
      if (page.next) {
        const { searchParams } = new URL(url, 'http://localhost')
        searchParams.set('cursor', page.next)
        reply.header('link', `<${base}?${searchParams}>; rel="next"`)
      }
      return page.products
    }
  )
}

/** Leaves out empty filters, as the Go service did, and adds the user that is meant without a user_id. */
function complete(query: unknown, caller: Caller): void {
  const filter = query as Record<string, unknown>
  for (const name of Object.keys(filter)) if (filter[name] === '') delete filter[name]
  completeUser(filter, caller)
}
