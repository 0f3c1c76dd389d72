import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { Config } from '../../lib/config/config.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { Id } from '../../lib/products/schemas.ts'
import { User, UserInput, userNotFound } from '../../lib/products/users.ts'
import { IdempotencyHeader, idempotencyKey } from '../idempotency.ts'
import { problems } from '../problem-replies.ts'

const tags = ['users']

const routes: FastifyPluginAsyncTypebox<{ config: Config }> = async (app, { config }) => {
  const base = `${config.server.publicUrl ?? ''}${app.prefix}/users`

  app.post(
    '/users',
    {
      config: { access: 'admin' },
      schema: {
        tags,
        operationId: 'createUser',
        summary: 'Create a user',
        headers: IdempotencyHeader,
        body: ref(UserInput),
        response: {
          201: Type.Object(
            { user_id: Id },
            {
              description: 'Created',
              headers: { location: Type.String({ description: 'The path of the user' }) }
            }
          ),
          ...problems(403, 409, 413, 415, 422)
        }
      }
    },
    async (request, reply) => {
      const user_id = await app.users.create(request.body.username, idempotencyKey(request))
      return reply.code(201).header('location', `${base}/${user_id}`).send({ user_id })
    }
  )

  app.get(
    '/users/:id',
    {
      schema: {
        tags,
        operationId: 'getUser',
        summary: 'Read a user',
        params: Type.Object({ id: Id }),
        response: { 200: ref(User), ...problems(404) }
      }
    },
    ({ params: { id }, caller }) => {
      if (!caller.actsFor(id)) throw userNotFound(id)
      return app.users.read(id)
    }
  )
}

export default routes
