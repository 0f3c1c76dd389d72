import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { readHistory } from '../../lib/figures/history.ts'
import { readOverview } from '../../lib/figures/overview.ts'
import { Minute, Overview } from '../../lib/figures/schemas.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { examine } from '../../lib/observability/health.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { tags } from './schemas.ts'

export const overview: Operation = (app) => {
  app.get(
    '/overview',
    {
      schema: {
        tags,
        operationId: 'getOverview',
        summary: 'What is done and due, how fast, and what failed',
        response: { 200: { ...ref(Overview), description: 'The figures of this moment' }, ...problems(403) }
      }
    },
    async ({ log }) => {
      const parts = [...app.healthChecks].map(async ([name, part]) => ({
        name,
        ...(await examine(part, log))
      }))
      const [figures, queue, examined] = await Promise.all([
        readOverview(app.pg.pool),
        queueOf(app.broker),
        Promise.all(parts)
      ])
      const dependencies = Object.fromEntries(examined.map(({ name, state }) => [name, state]))
      const failures = examined.flatMap(({ name, reason }) => (reason === undefined ? [] : [[name, reason]]))
      return { ...figures, queue, dependencies, dependency_errors: Object.fromEntries(failures) }
    }
  )
}

export const history: Operation = (app) => {
  app.get(
    '/history',
    {
      schema: {
        tags,
        operationId: 'getHistory',
        summary: 'What happened in each minute of the last 24 hours, oldest first',
        querystring: Type.Object({
          since: Type.Optional(Type.String({ format: 'date-time', description: 'Default: 24 hours ago' }))
        }),
        response: {
          200: Type.Object({ minutes: Type.Array(ref(Minute)) }, { description: 'The minutes' }),
          ...problems(403)
        }
      }
    },
    async ({ query: { since } }) => ({
      minutes: await readHistory(app.pg.pool, new Date(since ?? 0))
    })
  )
}

async function queueOf(broker: FastifyInstance['broker']): Promise<Overview['queue']> {
  if (!broker) return null
  const counts = Promise.all([broker.depth(), broker.deadLetters()])
  return await counts.then(
    ([messages, dead_letters]) => ({ messages, dead_letters }),
    () => null
  )
}
