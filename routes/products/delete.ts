import type { Operation } from '../operation.ts'
import { noBody, problems } from '../problem-replies.ts'
import { ifMatch } from './etag.ts'
import { IfMatch, Params, tags } from './schemas.ts'

export const remove: Operation = (app) => {
  app.delete(
    '/products/:id',
    {
      schema: {
        tags,
        operationId: 'deleteProduct',
        summary: 'Delete a product; its images are removed afterwards',
        params: Params,
        headers: IfMatch,
        response: { 204: noBody({ description: 'Deleted' }), ...problems(403, 404, 412, 413, 415) }
      }
    },
    async ({ params: { id }, headers, caller }, reply) => {
      await app.products.delete({ id, user_id: caller.userId, accepts: ifMatch(headers['if-match']) })
      return reply.code(204).send()
    }
  )
}
