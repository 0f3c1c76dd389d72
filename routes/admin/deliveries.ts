import { Type } from '@sinclair/typebox'
import { Deliveries } from '../../lib/deliveries/deliveries.ts'
import { Outstanding, readOutstanding } from '../../lib/deliveries/outstanding.ts'
import { Id } from '../../lib/products/schemas.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { Limit, Next, RowId, Since, tags } from './schemas.ts'

const Delivery = Type.Object({
  id: Type.String(),
  at: Since,
  message_id: Type.String({ description: 'The header webhook-id, the same in each attempt' }),
  product_id: Id,
  user_id: Id,
  attempt: Type.Integer(),
  status: Type.Union([Type.Integer(), Type.Null()], { description: 'Of the response; null without one' }),
  ms: Type.Integer({ description: 'How long the attempt took' }),
  error: Type.Union([Type.String(), Type.Null()], { description: 'Null if the receiver accepted it' }),
  is_delivered: Type.Boolean({ description: 'Whether the receiver accepted this attempt or a later one' })
})

export const deliveries: Operation = (app) => {
  app.get(
    '/deliveries',
    {
      schema: {
        tags,
        operationId: 'listDeliveries',
        summary: 'List attempts to deliver webhooks, newest first',
        description: 'Those of the last seven days, 100,000 at most.',
        querystring: Type.Object({
          product_id: Type.Optional(Id),
          failed: Type.Optional(Type.Boolean({ description: 'Only those that the receiver did not accept' })),
          limit: Limit,
          cursor: Type.Optional(RowId)
        }),
        response: {
          200: Type.Object(
            { deliveries: Type.Array(Delivery), next: Next, outstanding: Outstanding },
            { description: 'One page, and what is not delivered yet' }
          ),
          ...problems(403)
        }
      }
    },
    async ({ query }) => {
      const { pool } = app.pg
      const [page, outstanding] = await Promise.all([new Deliveries(pool).list(query), readOutstanding(pool)])
      return { ...page, outstanding }
    }
  )

  app.post(
    '/deliveries/:id/send',
    {
      schema: {
        tags,
        operationId: 'sendDelivery',
        summary: 'Deliver a webhook again',
        description:
          'It has the same webhook-id, and the product as it is now. A retry that waits is replaced by it.',
        params: Type.Object({ id: RowId }),
        response: {
          202: Type.Object({ message: Type.String() }, { description: 'It is enqueued' }),
          ...problems(403, 404, 413, 415)
        }
      }
    },
    async ({ params: { id }, caller }, reply) => {
      await new Deliveries(app.pg.pool).sendAgain(id, caller.name)
      app.outbox.enqueued(['webhook'])
      return reply.code(202).send({ message: 'The webhook will be delivered again' })
    }
  )
}
