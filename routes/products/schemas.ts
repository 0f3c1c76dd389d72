import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Id, ImageStatus } from '../../lib/products/schemas.ts'

export const Params = Type.Object({ id: Id })
export const Message = (description: string) => Type.Object({ message: Type.String() }, { description })

export const IfMatch = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'Change the product only if this is still its ETag' }))
})

export const IfNoneMatch = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'Answer 304 if this is still the ETag of the product' })
  )
})

export const LastEventId = Type.Object({
  'last-event-id': Type.Optional(
    Type.Integer({
      description: 'Id of the last event that came, to go on after it; browsers send it by themselves'
    })
  )
})

/** What a client may leave out and a handler always finds. */
const withDefault = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>(Type.Optional(schema))

const Price = (description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 99_999_999.99, description }))

export const ListQuery = Type.Object({
  user_id: withDefault(
    Type.Integer({
      ...Id,
      default: 1,
      description: 'Whose products; without it those of the user that the credentials act for'
    })
  ),
  min_price: Price('Least price; without it there is no lower bound'),
  max_price: Price('Highest price; without it there is no upper bound'),
  product_name: Type.Optional(
    Type.String({ format: 'text', maxLength: 255, description: 'Text anywhere in the name, in any case' })
  ),
  image_status: Type.Optional(ImageStatus),
  limit: withDefault(
    Type.Integer({
      minimum: 1,
      maximum: 200,
      default: 50,
      description: 'Products at most; fewer where their texts are long'
    })
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 100, description: 'From the Link header of the page before' })
  )
})

export const ReprocessQuery = Type.Object({
  all: withDefault(
    Type.Boolean({ default: false, description: 'Process every image again, not only those that failed' })
  )
})

export const etag = { etag: Type.String({ description: 'The version of the product' }) }
