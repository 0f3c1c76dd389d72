import fc from 'fast-check'
import { fittingText, nearlyFittingText, type Resolve, type Schema } from './fitting.ts'
import { type Text, wildString, wildText } from './wild.ts'

interface Parameter {
  in: string
  name: string
  schema: Schema
}

interface Operation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

/** The parts of an OpenAPI document that requests are made from. */
export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

export interface FuzzRequest {
  operationId: string
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  url: string
  headers: Record<string, string>
  payload?: string
}

const METHODS = { get: 'GET', put: 'PUT', post: 'POST', delete: 'DELETE' } as const

/** Requests to all operations: some fit the document, more nearly do, some are wild. `keys` are API keys. */
export function requestsTo(document: Document, keys: string[]): fc.Arbitrary<FuzzRequest> {
  const resolve: Resolve = (schema) => {
    const name = schema.$ref?.split('/').at(-1)
    return name === undefined ? schema : (document.components.schemas[name] ?? {})
  }
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(METHODS).flatMap(([key, method]) => {
      const operation = methods[key]
      if (!operation) return []
      const weight = operation.parameters || operation.requestBody ? 8 : 1
      return [{ weight, arbitrary: requestTo(operation, method, path, keys, resolve) }]
    })
  )
  return fc.oneof(...operations)
}

function requestTo(
  { operationId, parameters = [], requestBody }: Operation,
  method: FuzzRequest['method'],
  path: string,
  keys: string[],
  resolve: Resolve
): fc.Arbitrary<FuzzRequest> {
  const named = (place: string) => parameters.filter((parameter) => parameter.in === place)
  const schema = requestBody?.content['application/json']?.schema
  return fc
    .record({
      path: fc.tuple(...named('path').map((parameter) => pair(parameter, resolve))),
      query: fc.tuple(...named('query').map((parameter) => fc.option(pair(parameter, resolve), { freq: 2 }))),
      surplus: fc.option(fc.tuple(wildString, wildString), { freq: 9 }),
      headers: fc.tuple(
        ...named('header').map((parameter) => fc.option(pair(parameter, resolve), { freq: 2 }))
      ),
      wild: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(wildHeader, { maxLength: 2 })),
      credentials: credentials(keys),
      body: schema ? body(schema, resolve) : fc.option(wildText, { freq: 9, nil: undefined }),
      type: contentType
    })
    .map(({ path: values, query, surplus, headers, wild, credentials, body, type }) => {
      const fields = [...wild, ...headers.filter((header) => header !== null), ...credentials]
      const url = values.reduce((url, [name, value]) => url.replace(`{${name}}`, () => encode(value)), path)
      const search = [...query, surplus].filter((found) => found !== null)
      return {
        operationId,
        method,
        url:
          search.length > 0 ? `${url}?${search.map((found) => found.map(encode).join('=')).join('&')}` : url,
        headers: Object.fromEntries([
          ...fields.map(([name, value]) => [name, sendable(value)]),
          ...(body ? type : [])
        ]),
        ...(body !== undefined && { payload: body })
      }
    })
}

const encode = (value: string) => encodeURIComponent(value.toWellFormed())

/** The text of a header: bytes without control characters. */
const sendable = (value: string) => value.replace(/[^\x20-\x7e\x80-\xff]/g, '?').slice(0, 8000)

type Field = [name: string, value: string]

function pair({ name, schema }: Parameter, resolve: Resolve): fc.Arbitrary<Field> {
  const fitting = fittingText(schema, resolve).map((text) => String(JSON.parse(text)))
  return fc.oneof({ weight: 9, arbitrary: fitting }, wildString).map((value) => [name, value])
}

function body(schema: Schema, resolve: Resolve): fc.Arbitrary<Text> {
  return fc.oneof(
    { weight: 8, arbitrary: fittingText(schema, resolve) },
    { weight: 6, arbitrary: nearlyFittingText(schema, resolve) },
    wildText,
    fc.tuple(fittingText(schema, resolve), fc.nat(300)).map(([text, length]) => text.slice(0, length))
  )
}

function credentials(keys: string[]): fc.Arbitrary<Field[]> {
  const key = fc.constantFrom(...keys)
  return fc.oneof(
    { weight: 20, arbitrary: key.map((key): Field[] => [['x-api-key', key]]) },
    key.map((key): Field[] => [['authorization', `Bearer ${key}`]]),
    wildString.map((value): Field[] => [['authorization', value]]),
    wildString.map((value): Field[] => [['x-api-key', value]]),
    fc.constant<Field[]>([])
  )
}

const contentType: fc.Arbitrary<Field[]> = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Field[]>([['content-type', 'application/json']]) },
  fc
    .constantFrom(
      ...[
        'application/json; charset=utf-8',
        'APPLICATION/JSON',
        'application/json; charset=utf-16',
        'text/json'
      ],
      ...[
        'application/problem+json',
        'text/plain',
        'multipart/form-data; boundary=x',
        'application/xml',
        '*/*',
        ';',
        ''
      ]
    )
    .map((value): Field[] => [['content-type', value]]),
  wildString.map((value): Field[] => [['content-type', sendable(value)]]),
  fc.constant<Field[]>([])
)

const wildHeader: fc.Arbitrary<Field> = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      ...[
        'accept',
        'accept-encoding',
        'content-encoding',
        'cookie',
        'expect',
        'host',
        'if-match',
        'if-none-match'
      ],
      ...[
        'origin',
        'range',
        'x-forwarded-for',
        'x-http-method-override',
        'last-event-id',
        'idempotency-key',
        'dnt'
      ]
    ),
    wildString
  ),
  fc.constantFrom<Field>(
    ['origin', 'null'],
    ['content-length', '1'],
    ['content-length', '-1'],
    ['accept', 'text/html'],
    ['if-match', '*'],
    ['if-match', 'W/"1", "2"'],
    ['if-none-match', '*'],
    ['idempotency-key', 'again']
  )
)
