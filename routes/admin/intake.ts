import { Type } from '@sinclair/typebox'
import type { Controls } from '../../lib/fleet/controls.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { By, Reason, ReasonInput, Since, tags } from './schemas.ts'

const Intake = Type.Object(
  {
    paused: Type.Boolean({ description: 'Whether all work is paused' }),
    by: Type.Union([By, Type.Null()]),
    reason: Type.Union([Reason, Type.Null()]),
    since: Type.Union([Since, Type.Null()])
  },
  { description: 'Whether work is taken' }
)

const IntakeInput = Type.Object({ paused: Type.Boolean(), reason: Type.Optional(ReasonInput) })

export const intake: Operation = (app) => {
  app.get(
    '/intake',
    {
      schema: {
        tags,
        operationId: 'getIntake',
        summary: 'Whether all work is paused',
        response: { 200: Intake, ...problems(403) }
      }
    },
    async () => stateOf(app.controls)
  )

  app.put(
    '/intake',
    {
      schema: {
        tags,
        operationId: 'setIntake',
        summary: 'Pause all work, or resume it',
        description:
          'During a pause no process takes work, and jobs that run are finished. Products are still created, ' +
          'and their images wait. A pause outlasts restarts.',
        body: IntakeInput,
        response: { 200: Intake, ...problems(403, 413, 415) }
      }
    },
    async ({ body: { paused, reason = null }, caller }) => {
      const { controls } = app
      if (paused)
        await controls.put({ kind: 'intake', subject: '', rule: 'pause', places: null, reason }, caller.name)
      else await controls.remove('intake', '', caller.name)
      return stateOf(controls)
    }
  )
}

async function stateOf(controls: Controls) {
  await controls.load()
  const control = controls.get('intake')
  if (!control) return { paused: false, by: null, reason: null, since: null }
  const { by, reason, since } = control
  return { paused: true, by, reason, since }
}
