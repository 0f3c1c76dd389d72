import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { ref } from '../http/schema-ref.ts'
import { IMAGE_ERROR_CODES } from '../image/error.ts'
import { ExternalId, Id, Image } from '../products/schemas.ts'

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)
const Seconds = (description: string) =>
  optional(Type.Integer({ minimum: 0, maximum: 3_153_600_000, description }))

/** Which images match. A field that is left out matches all. */
export const filterFields = {
  id: optional(Type.String({ format: 'uuid' })),
  status: optional(
    Type.Unsafe<'pending' | 'done' | 'failed'>({ type: 'string', enum: ['pending', 'done', 'failed'] })
  ),
  code: optional(
    Type.Unsafe<(typeof IMAGE_ERROR_CODES)[number]>({
      type: 'string',
      enum: [...IMAGE_ERROR_CODES],
      description: 'Error code of the last attempt'
    })
  ),
  host: optional(
    Type.String({
      format: 'text',
      maxLength: 255,
      description: 'Host of the source, or a domain above it; with a port, exactly that host and port'
    })
  ),
  user_id: optional(Id),
  product_id: optional(Id),
  external_id: optional(Type.String({ ...ExternalId, description: 'Of the product' })),
  min_age_s: Seconds('Minimum time in its state, in seconds'),
  max_age_s: Seconds('Maximum time in its state, in seconds'),
  text: optional(Type.String({ format: 'text', maxLength: 100, description: 'Part of the reason, any case' }))
}

export const ImageFilter = Type.Object(filterFields, {
  $id: 'ImageFilter',
  // A misspelt condition would match every image.
  additionalProperties: false
})
export type ImageFilter = Static<typeof ImageFilter>

const Time = (description: string) => Type.String({ format: 'date-time', description })

const found = {
  product_id: Id,
  user_id: Type.Integer({ description: '0 if the Go service wrote none' }),
  external_id: Type.Union([Type.String(), Type.Null()]),
  enqueued_at: Time('When it was enqueued first, or again after it had ended'),
  since: Time('When it came into its state; for a pending image, when it is or was due')
}

const { renditions, placeholder, ...brief } = Image.properties

export const FoundImage = Type.Object({ ...brief, ...found }, { $id: 'FoundImage' })
export type FoundImage = Static<typeof FoundImage>

const Ms = Type.Union([Type.Integer(), Type.Null()])

export const Attempt = Type.Object(
  {
    at: Time('When it ended'),
    outcome: Type.Unsafe<'done' | 'unchanged' | 'failed' | 'retry'>({
      type: 'string',
      enum: ['done', 'unchanged', 'failed', 'retry']
    }),
    code: Type.Union([Type.String(), Type.Null()]),
    detail: Type.Union([Type.String(), Type.Null()]),
    ms: Type.Integer({ description: 'Duration, including the wait for a place' }),
    stages: Type.Object(
      {
        dns_ms: Ms,
        connect_ms: Ms,
        headers_ms: Ms,
        body_ms: Ms,
        core_wait_ms: Ms,
        compress_ms: Ms,
        upload_ms: Ms
      },
      { description: 'Null for stages that were not reached, or that a kept connection made unnecessary' }
    ),
    responses: Type.Array(
      Type.Object({
        url: Type.String(),
        status: Type.Union([Type.Integer(), Type.Null()], { description: 'Null without a response' }),
        address: Type.Union([Type.String(), Type.Null()], { description: 'Connected to' }),
        kept: Type.Boolean({ description: 'Over a connection that was kept from an earlier request' })
      }),
      { description: 'Redirects and the final response, in order' }
    )
  },
  { $id: 'Attempt', description: 'An attempt at an image. Attempts are kept for 30 days' }
)
export type Attempt = Static<typeof Attempt>

export const ImageReport = Type.Object(
  {
    ...brief,
    renditions,
    placeholder,
    ...found,
    product_name: Type.String(),
    max_attempts: Type.Integer({
      description: 'After so many attempts, a temporary error becomes permanent'
    }),
    replaced: Type.Union(
      [
        Type.Object({
          source_url: Type.String(),
          by: Type.String({ description: 'The name of the operator’s credentials' }),
          at: Type.String({ format: 'date-time' })
        }),
        Type.Null()
      ],
      { description: 'The source that an operator replaced by this one; replace this one by it to go back' }
    ),
    history: Type.Array(ref(Attempt), { description: 'Newest first, up to 100' })
  },
  { $id: 'ImageReport' }
)
export type ImageReport = Static<typeof ImageReport>
