import { Type } from '@sinclair/typebox'
import { domainOf } from '../../lib/egress/locate.ts'
import { listOrigins } from '../../lib/fleet/origins.ts'
import { AppError, MISMATCH } from '../../lib/http/app-error.ts'
import type { Operation } from '../operation.ts'
import { problems } from '../problem-replies.ts'
import { By, Reason, ReasonInput, Since, tags } from './schemas.ts'

const Places = Type.Integer({ minimum: 1, maximum: 1000, description: 'Downloads at once, in each process' })

const Rule = Type.Object({
  rule: Type.Union([Type.Literal('pause'), Type.Literal('narrow'), Type.Literal('refuse')]),
  places: Type.Union([Places, Type.Null()]),
  reason: Type.Union([Reason, Type.Null()]),
  by: By,
  since: Since
})

const Origin = Type.Object(
  {
    host: Type.String({ description: 'A registrable domain, or an address', examples: ['shop.example'] }),
    requests_per_minute: Type.Number({
      description: 'Images that were downloaded or failed, as a mean of the last ten minutes'
    }),
    failures_per_minute: Type.Number({
      description: 'Those of them that the origin did not send: http_status, timeout or unreachable'
    }),
    latency_ms: Type.Union([Type.Number(), Type.Null()], { description: 'Mean time until it responds' }),
    breaker: Type.Object(
      { closed: Type.Integer(), open: Type.Integer(), half_open: Type.Integer() },
      { description: 'The processes whose circuit breaker is in each state' }
    ),
    places: Type.Integer({ description: 'Downloads now, in all processes' }),
    rule: Type.Union([Rule, Type.Null()], { description: 'What an operator has ordered' })
  },
  { description: 'An origin' }
)

const OriginInput = Type.Object({
  rule: Type.Union(
    [Type.Literal('pause'), Type.Literal('resume'), Type.Literal('narrow'), Type.Literal('refuse')],
    {
      description:
        'pause: its images wait. narrow: `places` downloads at once. refuse: its images fail at once, with ' +
        'the reason. resume: no rule'
    }
  ),
  places: Type.Optional(Places),
  reason: Type.Optional(ReasonInput)
})

export const origins: Operation = (app) => {
  app.get(
    '/origins',
    {
      schema: {
        tags,
        operationId: 'listOrigins',
        summary: 'List the origins that images come from now',
        description:
          'Up to 500, those with a rule first, then the busiest. Processes report every ten seconds.',
        response: {
          200: Type.Object({ origins: Type.Array(Origin) }, { description: 'Of the whole fleet' }),
          ...problems(403)
        }
      }
    },
    async () => ({ origins: await listOrigins(app.pg.pool, app.controls) })
  )

  app.put(
    '/origins/:host',
    {
      schema: {
        tags,
        operationId: 'setOriginRule',
        summary: 'Pause, narrow, refuse or resume an origin',
        description: 'Holds until it is resumed. A host name stands for its registrable domain.',
        params: Type.Object({ host: Type.String({ format: 'text', minLength: 1, maxLength: 253 }) }),
        body: OriginInput,
        response: { 200: Origin, ...problems(403, 413, 415) }
      }
    },
    async ({ params: { host }, body, caller }) => {
      const { controls, pg } = app
      const { rule, places = null, reason = null } = body
      if ((rule === 'narrow') !== (places !== null))
        throw new AppError('invalid_request', MISMATCH, [
          { pointer: '/places', detail: 'belongs to the rule narrow, and to no other' }
        ])
      const subject = await domainOf(host.toLowerCase())
      if (rule === 'resume') await controls.remove('origin', subject, caller.name)
      else await controls.put({ kind: 'origin', subject, rule, places, reason }, caller.name)
      const [origin = idle(subject)] = await listOrigins(pg.pool, controls, subject)
      return origin
    }
  )
}

const idle = (host: string) => ({
  host,
  requests_per_minute: 0,
  failures_per_minute: 0,
  latency_ms: null,
  breaker: { closed: 0, open: 0, half_open: 0 },
  places: 0,
  rule: null
})
