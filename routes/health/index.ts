import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { stateOf } from '../../lib/observability/health.ts'
import { openToAll } from '../../plugins/http/auth.ts'

const tags = ['health']

const Unhealthy = Type.Object(
  { status: Type.Literal('unhealthy'), error: Type.String() },
  { description: 'It cannot be used' }
)
const Healthy = (name: string) =>
  Type.Object(
    { status: Type.Literal('healthy'), [name]: Type.String({ examples: ['connected'] }) },
    { description: 'It can be used' }
  )

const Readiness = (description: string) =>
  Type.Object(
    {
      status: Type.String({ examples: ['ready', 'draining', 'unready'] }),
      dependencies: Type.Record(
        Type.String(),
        Type.String({ examples: ['connected', 'embedded', 'unavailable'] })
      ),
      intake: Type.String({
        description: 'Whether this process takes work, or an operator has paused it',
        examples: ['open', 'paused']
      })
    },
    { description }
  )

const routes: FastifyPluginAsyncTypebox<{ hide?: boolean }> = async (app, { hide = false }) => {
  app.addHook('onRoute', openToAll)
  let draining = false
  app.addHook('preClose', async () => {
    draining = true
  })

  for (const [url, name, operationId] of [
    ['/health', 'database', 'getHealth'],
    ['/redis-health', 'redis', 'getRedisHealth']
  ] as const) {
    app.get(
      url,
      {
        schema: {
          hide,
          tags,
          operationId,
          summary: `Check ${name === 'redis' ? 'Redis' : 'the database'}`,
          response: { 200: Healthy(name), 503: Unhealthy }
        }
      },
      async (request, reply) => {
        const state = await stateOf(app.healthChecks.get(name), request.log)
        if (state === 'unavailable') {
          return reply.code(503).send({ status: 'unhealthy', error: `The ${name} does not respond` })
        }
        // The Go service's word. PGlite speaks PostgreSQL's protocol, but an embedded cache is not Redis.
        return { status: 'healthy' as const, [name]: name === 'database' ? 'connected' : state }
      }
    )
  }

  app.get(
    '/health/live',
    {
      schema: {
        hide,
        tags,
        operationId: 'getLiveness',
        summary: 'Whether the process runs',
        response: { 200: Type.Object({ status: Type.Literal('alive') }, { description: 'It runs' }) }
      }
    },
    async () => ({ status: 'alive' as const })
  )

  app.get(
    '/health/ready',
    {
      schema: {
        hide,
        tags,
        operationId: 'getReadiness',
        summary: 'Whether requests should be sent here',
        response: {
          200: Readiness('Requests are accepted'),
          503: Readiness('A server is missing, or the process is stopping')
        }
      }
    },
    async (request, reply) => {
      const parts = [...app.healthChecks]
      const states = await Promise.all(parts.map(([, part]) => stateOf(part, request.log)))
      const missing = parts.some(([, part], index) => part.required && states[index] === 'unavailable')
      const status = draining ? 'draining' : missing ? 'unready' : 'ready'
      const dependencies = Object.fromEntries(
        parts.map(([name], index) => [name, states[index] ?? 'unavailable'])
      )
      return reply
        .code(status === 'ready' ? 200 : 503)
        .send({ status, dependencies, intake: app.outbox.isPaused ? 'paused' : 'open' })
    }
  )
}

export default routes
