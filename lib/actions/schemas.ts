import { type Static, Type } from '@sinclair/typebox'
import { ref } from '../http/schema-ref.ts'
import { ACTS, type ActName } from '../products/acts.ts'
import { ImageFilter } from '../search/schemas.ts'

const ActionName = Type.Unsafe<ActName>({
  type: 'string',
  enum: [...ACTS],
  description:
    'retry: failed images are processed again; fail: pending ones are given up; refetch: origins are asked ' +
    'again; remake: results are made again, from the kept original if there is one; delete-results: done ' +
    'images lose their results and fail'
})

export const ActionInput = Type.Object(
  {
    action: ActionName,
    filter: ref(ImageFilter),
    dry_run: Type.Optional(Type.Boolean({ description: 'Only count the images' }))
  },
  { $id: 'ActionInput' }
)
export type ActionInput = Static<typeof ActionInput>

export const ActionCount = Type.Object(
  {
    images: Type.Integer({ description: 'Images that match; at least this many if is_exact is false' }),
    is_exact: Type.Boolean({
      description: 'False if more may match, because counting them would take too long'
    })
  },
  { $id: 'ActionCount' }
)

const Time = Type.String({ format: 'date-time' })

export const Action = Type.Object(
  {
    id: Type.Integer(),
    action: ActionName,
    filter: Type.Unsafe<ImageFilter>({
      type: 'object',
      additionalProperties: true,
      description: 'As in ActionInput, with the status that the action requires'
    }),
    state: Type.Unsafe<'running' | 'done' | 'cancelled'>({
      type: 'string',
      enum: ['running', 'done', 'cancelled']
    }),
    images: Type.Integer({ description: 'How many match, as far as they were counted or visited' }),
    seen: Type.Integer({ description: 'How many of them have been visited' }),
    changed: Type.Integer({ description: 'How many of those still matched, and were changed' }),
    actor: Type.String({ description: 'The name of the caller who began it' }),
    created_at: Time,
    ended_at: Type.Union([Time, Type.Null()])
  },
  { $id: 'Action', description: 'A change of all images that match a filter' }
)
export type Action = Static<typeof Action>
