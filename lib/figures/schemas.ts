import { type Static, Type } from '@sinclair/typebox'
import { OUTBOX_KINDS, type OutboxKind } from '../outbox/row.ts'

const nullable = (description: string) => Type.Union([Type.Number(), Type.Null()], { description })
const Count = (description?: string) => Type.Integer({ minimum: 0, ...(description && { description }) })
const ByCode = (description: string) =>
  Type.Unsafe<Record<string, number>>({
    type: 'object',
    additionalProperties: { type: 'integer' },
    examples: [{ timeout: 3 }],
    description
  })

const OutboxCount = Type.Object({
  kind: Type.Unsafe<OutboxKind>({ type: 'string', enum: [...OUTBOX_KINDS] }),
  class: Type.Unsafe<'interactive' | 'bulk'>({ type: 'string', enum: ['interactive', 'bulk'] }),
  due: Count('Up to 10,000'),
  waiting: Count('Scheduled for later or being worked on, up to 10,000'),
  oldest_due_s: nullable('Seconds since the oldest of these rows came due'),
  is_capped: Type.Boolean({ description: 'Whether there are more rows than that' })
})
export type OutboxCount = Static<typeof OutboxCount>

export const Overview = Type.Object(
  {
    at: Type.String({ format: 'date-time' }),
    images: Type.Object({
      pending: Count(),
      done: Count(),
      failed: Count(),
      failed_by_code: ByCode('Failed images by their error code'),
      retrying_by_code: ByCode('Pending images by the error code of their last attempt')
    }),
    rates: Type.Object(
      { created_per_s: Type.Number(), done_per_s: Type.Number(), failed_per_s: Type.Number() },
      { description: 'Mean of the last five minutes' }
    ),
    last_hour: Type.Object(
      { done: Count(), failed: Count() },
      { description: 'Images that ended in the last hour; one that was retried, each time' }
    ),
    time_to_done: Type.Object(
      { p50_ms: nullable('Median'), p95_ms: nullable('95th percentile'), images: Count() },
      { description: 'From enqueuing to done, of the images of the last hour; right to about a tenth' }
    ),
    oldest_due_s: nullable('Seconds since the oldest pending image came due; null if none is due'),
    outbox: Type.Array(OutboxCount),
    queue: Type.Union([Type.Object({ messages: Count(), dead_letters: Count() }), Type.Null()], {
      description: 'Null without RabbitMQ, or while it is unavailable'
    }),
    dependencies: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string', enum: ['connected', 'embedded', 'unavailable'] },
      examples: [{ database: 'connected', redis: 'embedded' }]
    }),
    dependency_errors: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      examples: [{ storage: 'Access Denied' }],
      description: 'Why those that are unavailable cannot be used'
    })
  },
  { $id: 'Overview' }
)
export type Overview = Static<typeof Overview>

export const Minute = Type.Object(
  {
    minute: Type.String({ format: 'date-time' }),
    created: Count('Images created'),
    done: Count(),
    failed: Count(),
    p50_ms: nullable('Median time from enqueuing to done'),
    p95_ms: nullable('95th percentile of it'),
    pending: nullable('Images that were pending'),
    oldest_due_s: nullable('Seconds since the oldest pending image had come due')
  },
  { $id: 'Minute', description: 'What happened in a minute' }
)
export type Minute = Static<typeof Minute>
