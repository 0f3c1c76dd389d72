import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { Message, Params, ReprocessQuery, tags } from './schemas.ts'

export const reprocess: Operation = (app) => {
  app.post(
    '/products/:id/reprocess',
    {
      schema: {
        tags,
        operationId: 'reprocessProduct',
        summary: 'Process the failed images again, or all of them',
        params: Params,
        querystring: ReprocessQuery,
        response: { 202: Message('The images are enqueued'), ...problems(403, 404, 413, 415) }
      }
    },
    async ({ params: { id }, query, caller }, reply) => {
      await app.products.reprocess({ id, user_id: caller.userId }, query)
      return reply.code(202).send({ message: 'Images will be processed again' })
    }
  )
}
