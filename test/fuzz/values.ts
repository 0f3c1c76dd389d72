import fc from 'fast-check'

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

/** JSON as text: with numbers that a parser has to round, and duplicate keys. */
export type Text = string

/** Resolves a `$ref`. */
export type Resolve = (schema: Schema) => Schema

const text = (value: unknown): Text => JSON.stringify(value) ?? 'null'

const NUL = '\0'
const HALF_PAIR = '\ud83d'

const STRINGS = [
  ...[
    '',
    ' ',
    '%',
    '_',
    '\\',
    '%%%',
    '\\%',
    "'",
    '"',
    `' OR 1=1 --`,
    '$1',
    '{}',
    '[]',
    'null',
    'undefined',
    'NaN'
  ],
  ...[
    NUL,
    `a${NUL}b`,
    HALF_PAIR,
    '\udc4d',
    `a${HALF_PAIR}b`,
    '\ufeff',
    '\u202e',
    'İ',
    'ß',
    '👍🏽',
    '﷽'.repeat(255)
  ],
  ...[
    'x'.repeat(255),
    'x'.repeat(256),
    '👍'.repeat(255),
    '👍'.repeat(256),
    'x'.repeat(2049),
    'x'.repeat(100_001)
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    '\r\nset-cookie: a=b',
    '<script>alert(1)</script>'
  ],
  ...[
    'http://127.0.0.1/',
    'http://[::ffff:7f00:1]/',
    'https://a@b.example/',
    'http://',
    'file:///etc/passwd',
    'https://x:99999/'
  ]
]

/** The limits of int4, int8, double and numeric(10,2), and texts that are almost numbers. */
const NUMBERS: Text[] = [
  ...[
    '0',
    '-0',
    '1',
    '-1',
    '0.5',
    '1.0',
    '1e0',
    '2147483646',
    '2147483647',
    '2147483648',
    '-2147483648',
    '-2147483649'
  ],
  ...[
    '9007199254740991',
    '9007199254740993',
    '9223372036854775807',
    '9223372036854775808',
    '18446744073709551616'
  ],
  ...['1e308', '1.8e308', '-1e999', '5e-324', '1e-999', '0.1e-400', '3.4028236e38', '0.30000000000000004'],
  ...[
    '99999999.99',
    '99999999.994',
    '99999999.995',
    '100000000',
    '0.01',
    '0.005',
    '0.009',
    '1.005',
    '-0.01',
    '33.333'
  ],
  `1${'0'.repeat(400)}`,
  `0.${'1'.repeat(400)}`
]

const DEEP = ['['.repeat(5000) + ']'.repeat(5000), `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`]

const anyString = fc.oneof(
  fc.constantFrom(...STRINGS),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 60 })
)

/** Any JSON, and some texts that are not quite JSON. */
export const wildText: fc.Arbitrary<Text> = fc.oneof(
  anyString.map(text),
  fc.constantFrom(...NUMBERS),
  fc.double().map(String),
  fc.constantFrom('true', 'false', 'null', '{}', '[]', '[null]', '{"a":1}', '', 'NaN', '01', "'a'", ...DEEP),
  fc.json({ maxDepth: 3 })
)

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

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'id',
  'user_id',
  'version',
  'a'.repeat(10_000)
]

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
    fc.record({ at: fc.constantFrom(...KEYS), value: wildText, twice: fc.constant(true) })
  )
  return fc.tuple(members(object, resolve), change).map(([found, { at, value, twice }]) => {
    const rest = twice ? found : found.filter(([key]) => key !== at)
    return objectText(value === undefined ? rest : [...rest, [at, value]])
  })
}

/** A parameter or a header. */
export const wildString: fc.Arbitrary<string> = fc.oneof(
  anyString,
  fc.constantFrom(...NUMBERS),
  fc.double().map(String)
)
