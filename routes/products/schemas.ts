import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { type Caller, defaultUser } from '../../lib/auth/caller.ts'
import { ExternalId, Id, ImageStatus } from '../../lib/products/schemas.ts'

export const tags = ['products']

/** Lines of JSON, under the names that are in use. */
export const NDJSON: [string, ...string[]] = [
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl'
]

export const Params = Type.Object({ id: Id })
export const Message = (description: string) => Type.Object({ message: Type.String() }, { description })

export const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'Change the product only if this is its current ETag' })
  )
})

export const IfNoneMatch = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'Respond with 304 if this is the current ETag of the product' })
  )
})

export const LastEventId = Type.Object({
  'last-event-id': Type.Optional(
    Type.Integer({
      description: 'Id of the last event received; browsers send it by themselves'
    })
  )
})

/** A parameter that clients may leave out and handlers always have. */
const withDefault = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>(Type.Optional(schema))

const Price = (description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 99_999_999.99, description }))

export const Owner = Type.Optional(
  Type.Integer({
    ...Id,
    description:
      'Owner of the products. Default: the user of the credentials, or all users if they are valid for all; ' +
      'without authentication, user 1'
  })
)

/** Adds the user that is meant without a user_id. */
export function completeUser(query: unknown, caller: Caller): void {
  const filter = query as Record<string, unknown>
  filter.user_id ??= defaultUser(caller)
}

export const ListQuery = Type.Object({
  user_id: Owner,
  min_price: Price('Minimum price'),
  max_price: Price('Maximum price'),
  product_name: Type.Optional(
    Type.String({
      format: 'text',
      maxLength: 100,
      description:
        'Text that the name contains, ignoring case. Without three letters or digits in a row, pages may be short'
    })
  ),
  image_status: Type.Optional(ImageStatus),
  external_id: Type.Optional(Type.String({ ...ExternalId, description: 'External id of the product' })),
  limit: withDefault(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 1000,
      description: 'Maximum number of products. A page also ends at 4 MiB; follow its Link header'
    })
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 100, description: 'Taken from the Link header of the previous page' })
  )
})

export const ReprocessQuery = Type.Object({
  all: withDefault(
    Type.Boolean({ default: false, description: 'Process all images again, not only the failed ones' })
  ),
  refetch: withDefault(
    Type.Boolean({
      default: false,
      description:
        'Process all images again whose origin has another file now. Without it, images of which the service ' +
        'keeps the original are made from that'
    })
  )
})

export const etag = {
  etag: Type.String({ description: 'The version of the product and a digest of its content' })
}
