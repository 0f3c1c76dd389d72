import { Type } from '@sinclair/typebox'
import { ShownSetting } from '../../lib/config/shown.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { tags } from './schemas.ts'

export const settings: Operation = (app, { shown }) => {
  app.get(
    '/settings',
    {
      schema: {
        tags,
        operationId: 'listSettings',
        summary: 'List the settings in force, without secrets',
        description: 'Those of the process that responds; others of the fleet may have different ones.',
        response: {
          200: Type.Object({ settings: Type.Array(ShownSetting) }, { description: 'All settings' }),
          ...problems(403)
        }
      }
    },
    async () => ({ settings: shown })
  )
}
