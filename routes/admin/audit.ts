import { Type } from '@sinclair/typebox'
import { listAudit } from '../../lib/audit/list.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { By, Limit, Next, RowId, Since, tags } from './schemas.ts'

const Entry = Type.Object({
  id: Type.String(),
  at: Since,
  actor: By,
  act: Type.String({ description: 'A noun and a verb', examples: ['intake.pause'] }),
  subject: Type.Object({}, { additionalProperties: true, description: 'What it was done to' })
})

export const audit: Operation = (app) => {
  app.get(
    '/audit',
    {
      schema: {
        tags,
        operationId: 'listAudit',
        summary: 'List what operators did, newest first',
        querystring: Type.Object({
          actor: Type.Optional(Type.String({ format: 'text' })),
          act: Type.Optional(Type.String({ format: 'text' })),
          limit: Limit,
          cursor: Type.Optional(RowId)
        }),
        response: {
          200: Type.Object({ entries: Type.Array(Entry), next: Next }, { description: 'One page' }),
          ...problems(403)
        }
      }
    },
    ({ query }) => listAudit(app.pg.pool, query)
  )
}
