import { type Static, type TSchema, Type } from '@sinclair/typebox'

export const tags = ['admin']

const WHY = 'Why it was done, for other operators'

export const By = Type.String({ description: 'The name of the operator’s credentials' })
export const Since = Type.String({ format: 'date-time' })
export const Reason = Type.String({ description: WHY })
export const ReasonInput = Type.String({ format: 'text', minLength: 1, maxLength: 500, description: WHY })

export const RowId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** A parameter that clients may leave out and handlers always have. */
const withDefault = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>(Type.Optional(schema))

export const Limit = withDefault(Type.Integer({ minimum: 1, maximum: 200, default: 50 }))
export const AfterKey = withDefault(
  Type.String({ format: 'text', maxLength: 1024, default: '', description: 'next of the previous page' })
)
export const Cursor = Type.Optional(Type.String({ maxLength: 100, description: 'next of the previous page' }))
export const Next = Type.Union([Type.String(), Type.Null()], {
  description: 'The cursor of the next page, which may be there although this page is short'
})
