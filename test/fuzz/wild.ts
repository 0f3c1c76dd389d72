import fc from 'fast-check'

/** JSON as text: with numbers that a parser has to round, and duplicate keys. */
export type Text = string

export const text = (value: unknown): Text => JSON.stringify(value) ?? 'null'

export const NUL = '\0'
const HALF_PAIR = '\ud83d'

const PATTERNS = ['', ' ', '%', '_', '\\', '%%%', '\\%']
const SYNTAX = ["'", '"', '$1', '{}', '[]', 'null', 'undefined', 'NaN']
const SURROGATES = [NUL, `a${NUL}b`, HALF_PAIR, '\udc4d', `a${HALF_PAIR}b`]
const UNICODE = ['\ufeff', '\u202e', 'İ', 'ß', '👍🏽', '﷽'.repeat(255)]
const LENGTHS = [
  ...[255, 256, 2049, 100_001].map((length) => 'x'.repeat(length)),
  ...[255, 256].map((length) => '👍'.repeat(length))
]
const INJECTIONS = ["' OR 1=1 --", '<script>alert(1)</script>', '../../etc/passwd', '\r\nset-cookie: a=b']
const INHERITED = ['__proto__', 'constructor', 'toString']
const URLS = [
  'http://127.0.0.1/',
  'http://[::ffff:7f00:1]/',
  'https://a@b.example/',
  'http://',
  'file:///etc/passwd',
  'https://x:99999/'
]
const STRINGS = [PATTERNS, SYNTAX, SURROGATES, UNICODE, LENGTHS, INJECTIONS, INHERITED, URLS].flat()

/** At the limits of int4, int8, double and numeric(10,2). */
const NUMBERS: Text[] = [
  '0 -0 1 -1 0.5 1.0 1e0 2147483646 2147483647 2147483648 -2147483648 -2147483649',
  '9007199254740991 9007199254740993 9223372036854775807 9223372036854775808 18446744073709551616',
  '1e308 1.8e308 -1e999 5e-324 1e-999 0.1e-400 3.4028236e38 0.30000000000000004',
  '99999999.99 99999999.994 99999999.995 100000000 0.01 0.005 0.009 1.005 -0.01 33.333',
  `1${'0'.repeat(400)} 0.${'1'.repeat(400)}`
].flatMap((line) => line.split(' '))

const ALMOST_JSON = ['true', 'false', 'null', '{}', '[]', '[null]', '{"a":1}', '', 'NaN', '01', "'a'"]
const DEEP = ['['.repeat(5000) + ']'.repeat(5000), `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`]

/** Names of members that a program may confuse with its own. */
export const WILD_NAMES = [...INHERITED, 'prototype', '', 'id', 'user_id', 'version', 'a'.repeat(10_000)]

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
  fc.constantFrom(...ALMOST_JSON, ...DEEP),
  fc.json({ maxDepth: 3 })
)

/** A parameter or a header. */
export const wildString: fc.Arbitrary<string> = fc.oneof(
  anyString,
  fc.constantFrom(...NUMBERS),
  fc.double().map(String)
)
