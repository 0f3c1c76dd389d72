import { Type } from '@sinclair/typebox'
import { Actions } from '../../lib/actions/actions.ts'
import { Action, ActionCount, ActionInput } from '../../lib/actions/schemas.ts'
import { pageOf } from '../../lib/database/page.ts'
import { AppError } from '../../lib/http/app-error.ts'
import { ref } from '../../lib/http/schema-ref.ts'
import { Id } from '../../lib/products/schemas.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { Limit, Next, tags } from './schemas.ts'

export const actions: Operation = (app, config) => {
  const base = `${config.server.publicUrl ?? ''}${app.prefix}/actions`
  const store = () => new Actions(app.pg.pool, app.outbox)

  app.post(
    '/actions',
    {
      schema: {
        tags,
        operationId: 'startAction',
        summary: 'Apply an action to all images that match; with dry_run, only count them',
        body: ref(ActionInput),
        response: {
          200: { ...ref(ActionCount), description: 'With dry_run' },
          202: {
            ...ref(Action),
            description: 'The action has begun',
            headers: { location: Type.String({ description: 'The path of the action' }) }
          },
          ...problems(403, 413, 415, 422)
        }
      }
    },
    async ({ body: { action, filter, dry_run }, caller }, reply) => {
      if (dry_run) return reply.send(await store().count(action, filter))
      const started = await store().start(action, filter, caller.name)
      return reply.code(202).header('location', `${base}/${started.id}`).send(started)
    }
  )

  app.get(
    '/actions',
    {
      schema: {
        tags,
        operationId: 'listActions',
        summary: 'List actions, newest first',
        querystring: Type.Object({ limit: Limit, cursor: Type.Optional(Id) }),
        response: {
          200: Type.Object(
            { actions: Type.Array(ref(Action)), next: Next },
            { description: 'A page of actions' }
          ),
          ...problems(403)
        }
      }
    },
    async ({ query: { limit, cursor } }) => {
      const { rows: actions, next } = pageOf(await store().list(limit + 1, cursor), limit)
      return { actions, next }
    }
  )

  app.get(
    '/actions/:id',
    {
      schema: {
        tags,
        operationId: 'getAction',
        summary: 'Read an action and its progress',
        params: Type.Object({ id: Id }),
        response: { 200: { ...ref(Action), description: 'The action' }, ...problems(403, 404) }
      }
    },
    async ({ params: { id } }) => existing(await store().find(id), id)
  )

  app.post(
    '/actions/:id/cancel',
    {
      schema: {
        tags,
        operationId: 'cancelAction',
        summary: 'Stop an action; what it has changed stays changed',
        params: Type.Object({ id: Id }),
        response: { 200: { ...ref(Action), description: 'The action' }, ...problems(403, 404, 413, 415) }
      }
    },
    async ({ params: { id }, caller }) => existing(await store().cancel(id, caller.name), id)
  )
}

function existing(action: Action | null, id: number): Action {
  if (action) return action
  throw new AppError('not_found', `There is no action ${id}.`)
}
