import fc from 'fast-check'
import { NUL, type Text, text, WILD_NAMES, wildText } from './wild.ts'

/** The parts of JSON Schema that the OpenAPI document uses. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  anyOf?: Schema[]
  enum?: unknown[]
  minimum?: number
  maximum?: number
  multipleOf?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  examples?: unknown[]
}

/** Resolves a `$ref`. */
export type Resolve = (schema: Schema) => Schema

/** JSON that fits the schema. */
export function fittingText(schema: Schema, resolve: Resolve): fc.Arbitrary<Text> {
  const { type, ...it } = resolve(schema)
  if (it.enum) return fc.constantFrom(...it.enum).map(text)
  const kinds = Array.isArray(type) ? type.map((type) => ({ ...it, type })) : it.anyOf
  if (kinds) return fc.oneof(...kinds.map((kind) => fittingText(kind, resolve)))
  switch (type) {
    case 'integer':
      return integer(it).map(text)
    case 'number':
      return number(it).map(text)
    case 'boolean':
      return fc.boolean().map(text)
    case 'array':
      return items(it, resolve).map((values) => `[${values.join()}]`)
    case 'object':
      return members(it, resolve).map(objectText)
    case 'null':
      return fc.constant('null')
    default:
      return string(it).map(text)
  }
}

/** Users and products with small ids are likely to exist. */
const integer = ({ minimum = 0, maximum = 2 ** 31 - 1 }: Schema) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: minimum, max: Math.min(maximum, minimum + 1) }) },
    { weight: 3, arbitrary: fc.integer({ min: minimum, max: Math.min(maximum, minimum + 40) }) },
    fc.integer({ min: minimum, max: maximum })
  )

const number = ({ minimum = 0, maximum = 1e9, multipleOf }: Schema) =>
  multipleOf === undefined
    ? fc.double({ min: minimum, max: maximum, noNaN: true })
    : fc
        .integer({ min: 0, max: Math.round((maximum - minimum) / multipleOf) })
        .map((steps) => Number((minimum + steps * multipleOf).toFixed(2)))

const string = ({ minLength = 0, maxLength = 1000, examples = [] }: Schema) => {
  const random = fc.string({ unit: codePoint, minLength, maxLength: Math.min(maxLength, 100) })
  return examples.length > 0 ? fc.oneof(random, fc.constantFrom(...examples).map(String)) : random
}

const codePoint = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((point) => point !== NUL)

/** Lists hold URLs, most of them valid. Nothing downloads them. */
const items = ({ items = {}, maxItems = 10 }: Schema, resolve: Resolve) => {
  const source = fc.constantFrom('https://example.com/a.jpg', 'https://example.com/b.png').map(text)
  const item = fc.oneof({ weight: 20, arbitrary: source }, fittingText(items, resolve))
  return fc.array(item, { maxLength: Math.min(maxItems, 5) })
}

type Member = [key: string, value: Text]

function members({ properties = {}, required = [] }: Schema, resolve: Resolve): fc.Arbitrary<Member[]> {
  const each = Object.entries(properties).map(([name, schema]) => {
    const member = fittingText(schema, resolve).map((value): Member[] => [[name, value]])
    return required.includes(name) ? member : fc.oneof(member, fc.constant([]))
  })
  return fc.tuple(...each).map((found) => found.flat())
}

const objectText = (found: Member[]) => `{${found.map(([key, value]) => `${text(key)}:${value}`).join()}}`

/** An object that fits but for one member: wrong, missing, duplicate or unknown. */
export function nearlyFittingText(schema: Schema, resolve: Resolve): fc.Arbitrary<Text> {
  const object = resolve(schema)
  const names = Object.keys(object.properties ?? {})
  if (names.length === 0) return wildText
  const change = fc.oneof(
    fc.record({
      at: fc.constantFrom(...names),
      value: fc.option(wildText, { nil: undefined }),
      twice: fc.boolean()
    }),
    fc.record({ at: fc.constantFrom(...WILD_NAMES), value: wildText, twice: fc.constant(true) })
  )
  return fc.tuple(members(object, resolve), change).map(([found, { at, value, twice }]) => {
    const rest = twice ? found : found.filter(([key]) => key !== at)
    return objectText(value === undefined ? rest : [...rest, [at, value]])
  })
}
