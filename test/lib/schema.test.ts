import { Type as TypeBox } from '@sinclair/typebox'
import t from 'tap'
import { Type as Own } from '../../lib/schema.ts'

/** Of each kind with and without options; of objects also those without required properties. */
const examples = (Type: typeof Own) => [
  Type.Array(Type.String()),
  Type.Array(Type.String(), { maxItems: 3 }),
  Type.Boolean(),
  Type.Boolean({ default: false }),
  Type.Integer(),
  Type.Integer({ minimum: 1 }),
  Type.Literal('pause'),
  Type.Literal(true, { description: 'all of them' }),
  Type.Null(),
  Type.Null({ description: 'none' }),
  Type.Number(),
  Type.Number({ multipleOf: 0.01 }),
  Type.Object({}),
  Type.Object({ id: Type.Integer(), note: Type.Optional(Type.String()) }),
  Type.Object({ note: Type.Optional(Type.String()) }, { $id: 'Note', additionalProperties: false }),
  Type.Optional(Type.String({ description: 'text' })),
  Type.Record(Type.String(), Type.Integer()),
  Type.Record(Type.String(), Type.Integer(), { description: 'by name' }),
  Type.String(),
  Type.String({ type: 'other', maxLength: 9 }),
  Type.Union([Type.String(), Type.Null()]),
  Type.Union([Type.String(), Type.Null()], { description: 'text or none' }),
  Type.Unsafe({ $ref: 'Note#' })
]

t.test('Schemas are those that TypeBox builds, their symbols included', async (t) => {
  t.strictSame(examples(Own).map(entries), examples(TypeBox).map(entries))
})

function entries(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  return Reflect.ownKeys(schema).map((key) => [key, entries(Reflect.get(schema, key))])
}
