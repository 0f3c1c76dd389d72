import { Type } from '@sinclair/typebox'
import { drainProcess, listProcesses } from '../../lib/fleet/processes.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { By, Since, tags } from './schemas.ts'

const Names = Type.Array(Type.String())

const ProcessStatus = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    role: Type.String({ examples: ['worker'] }),
    version: Type.String(),
    host: Type.String(),
    pid: Type.Integer(),
    state: Type.Union(
      ['running', 'paused', 'draining', 'drained', 'lost'].map((state) => Type.Literal(state)),
      { description: 'draining: takes no more work. lost: has not reported itself for 30 seconds' }
    ),
    since: Since,
    seen_at: Type.String({ format: 'date-time', description: 'When it last reported itself' }),
    jobs: Type.Integer({ description: 'Products whose images it processes now' }),
    memory_bytes: Type.Integer({ description: 'Resident memory, without its decoders' }),
    fence: Type.Union([
      Type.Object({ in_force: Names, missing: Names }, { description: 'What restricts its decoders' }),
      Type.Null()
    ]),
    drained: Type.Union([Type.Object({ by: By, since: Since }), Type.Null()])
  },
  { description: 'A process' }
)

export const processes: Operation = (app) => {
  app.get(
    '/processes',
    {
      schema: {
        tags,
        operationId: 'listProcesses',
        summary: 'List the processes of the fleet',
        description: 'Each reports itself every ten seconds. One that was lost is listed for an hour.',
        response: {
          200: Type.Object(
            { processes: Type.Array(ProcessStatus) },
            { description: 'The longest running first' }
          ),
          ...problems(403)
        }
      }
    },
    async () => ({ processes: await listProcesses(app.pg.pool, app.controls) })
  )

  app.put(
    '/processes/:id',
    {
      schema: {
        tags,
        operationId: 'drainProcess',
        summary: 'Drain a process, or let it take work again',
        description:
          'A drained process takes no more work. It finishes its jobs and still serves requests. The order ' +
          'holds until it is withdrawn or the process stops.',
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        body: Type.Object({ drain: Type.Boolean() }),
        response: { 200: ProcessStatus, ...problems(403, 404, 413, 415) }
      }
    },
    ({ params: { id }, body: { drain }, caller }) =>
      drainProcess(app.pg.pool, app.controls, { id, drain, actor: caller.name })
  )
}
