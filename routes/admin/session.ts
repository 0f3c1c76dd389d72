import { Type } from '@sinclair/typebox'
import { VERSION } from '../../lib/version.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { tags } from './schemas.ts'

const Session = Type.Object(
  {
    actor: Type.String({ description: 'The name under which your acts are recorded' }),
    may_change: Type.Boolean({ description: 'Whether these credentials may do more than read' }),
    version: Type.String({ description: 'Of the service' })
  },
  { description: 'The caller' }
)

export const session: Operation = (app) => {
  app.get(
    '/session',
    {
      schema: {
        tags,
        operationId: 'getSession',
        summary: 'The caller that these credentials belong to',
        response: { 200: Session, ...problems(403) }
      }
    },
    async ({ caller }) => ({ actor: caller.name, may_change: !caller.isReadOnly, version: VERSION })
  )
}
