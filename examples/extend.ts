import type { FastifyInstance } from 'fastify'
import { buildApp, loadConfig } from '../index.ts' // 'asyncprod', in a program of your own

/** The service with a hook that requires a cookie, and a route that redirects to a product's first image. */
export function buildShop(variables: Record<string, string>): Promise<FastifyInstance> {
  return buildApp(loadConfig(variables), {}, async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      if (!request.headers.cookie?.includes('session='))
        return reply.code(401).send({ detail: 'Log in first' })
    })

    const params = { type: 'object', properties: { id: { type: 'integer' } } }
    app.get<{ Params: { id: number } }>(
      '/covers/:id',
      { schema: { hide: true, params } },
      async ({ params }, reply) => {
        const product = await app.products.load(params.id)
        const cover = product?.images.find(({ status }) => status === 'done')?.url
        return cover ? reply.redirect(cover) : reply.callNotFound()
      }
    )
  })
}
