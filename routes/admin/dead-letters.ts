import { Type } from '@sinclair/typebox'
import { audited } from '../../lib/audit/audit.ts'
import type { Config } from '../../lib/config/config.ts'
import { AppError, MISMATCH } from '../../lib/http/app-error.ts'
import type { DeadLetter, DeadLetters } from '../../lib/rabbitmq/dead-letters.ts'
import { UnroutableError } from '../../lib/rabbitmq/sender.ts'
import { BusyError } from '../../lib/rabbitmq/turn.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { Limit, tags } from './schemas.ts'

/** Of a body in the list, in characters. */
const MAX_LENGTH = 200

const Letter = Type.Object(
  {
    id: Type.String({ description: 'The message id' }),
    reason: Type.String({ description: 'Why it cannot be processed' }),
    since: Type.Union([Type.String(), Type.Null()], {
      description: 'When RabbitMQ dead-lettered it; null if the service did'
    }),
    body: Type.String()
  },
  { description: 'A dead letter' }
)

const Choice = Type.Object({
  ids: Type.Optional(Type.Array(Type.String({ format: 'text' }), { minItems: 1, maxItems: 1000 })),
  all: Type.Optional(Type.Literal(true))
})

const DONE = { replay: 'Send dead letters to the image queue again', purge: 'Delete dead letters for good' }

export const deadLetters: Operation = (app, { rabbitmq }) => {
  app.get(
    '/dead-letters',
    {
      schema: {
        tags,
        operationId: 'listDeadLetters',
        summary: 'List messages that cannot be processed, oldest first',
        description: `Bodies are cut after ${MAX_LENGTH} characters. Without RabbitMQ there are none.`,
        querystring: Type.Object({ limit: Limit }),
        response: {
          200: Type.Object(
            {
              total: Type.Integer({ description: 'Number of all dead letters' }),
              dead_letters: Type.Array(Letter)
            },
            { description: 'The oldest ones' }
          ),
          ...problems(403)
        }
      }
    },
    async ({ query: { limit } }) => {
      const letters = await visit(rabbitmq, [], (queue) => queue.list(limit))
      const dead_letters = letters.map((letter) => {
        const { body, ...rest } = shown(letter)
        return { ...rest, body: body.slice(0, MAX_LENGTH) }
      })
      return { total: (await app.broker?.deadLetters()) ?? 0, dead_letters }
    }
  )

  app.get(
    '/dead-letters/:id',
    {
      schema: {
        tags,
        operationId: 'getDeadLetter',
        summary: 'Read a dead letter, whole',
        params: Type.Object({ id: Type.String({ format: 'text' }) }),
        response: { 200: Letter, ...problems(403, 404) }
      }
    },
    async ({ params: { id } }) => {
      const letters = await visit(rabbitmq, [], (queue) => queue.list(Number.POSITIVE_INFINITY))
      const letter = letters.find((letter) => letter.id === id)
      if (!letter) throw new AppError('not_found', `There is no dead letter ${id}.`)
      return shown(letter)
    }
  )

  for (const verb of ['replay', 'purge'] as const)
    app.post(
      `/dead-letters/${verb}`,
      {
        schema: {
          tags,
          operationId: `${verb}DeadLetters`,
          summary: DONE[verb],
          body: Choice,
          response: {
            200: Type.Object({ count: Type.Integer() }, { description: 'Number of messages' }),
            ...problems(403, 413, 415)
          }
        }
      },
      async ({ body: { ids = [], all = false }, caller }) => {
        if (all === ids.length > 0)
          throw new AppError('invalid_request', MISMATCH, [
            { pointer: '/ids', detail: 'is needed, unless all is true' }
          ])
        const chosen = ({ id }: DeadLetter) => all || ids.includes(id)
        const act = { actor: caller.name, act: `dead_letters.${verb}`, subject: all ? { all } : { ids } }
        const work = () => visit(rabbitmq, 0, (queue) => queue[verb](chosen))
        return { count: await audited(app.pg.pool, act, work) }
      }
    )
}

/** Resolves as `work` does, or with `none` without RabbitMQ. */
async function visit<T>(
  rabbitmq: Config['rabbitmq'],
  none: T,
  work: (queue: DeadLetters) => Promise<T>
): Promise<T> {
  if (!rabbitmq) return none
  const { DeadLetters } = await import('../../lib/rabbitmq/dead-letters.ts')
  try {
    const queue = await DeadLetters.open(rabbitmq)
    return await work(queue).finally(() => queue.close())
  } catch (cause) {
    throw new AppError('unavailable', explain(cause), [], { cause })
  }
}

const explain = (error: unknown) =>
  error instanceof BusyError || error instanceof UnroutableError
    ? `${error.message}.`
    : 'RabbitMQ cannot be reached; retry later.'

const shown = ({ since, ...letter }: DeadLetter) => ({ ...letter, since: since || null })
