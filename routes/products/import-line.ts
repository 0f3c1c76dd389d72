import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../../lib/config/config.ts'
import { AppError, MISMATCH } from '../../lib/http/app-error.ts'
import type { Line } from '../../lib/http/lines.ts'
import { prefersStrict } from '../../lib/http/preference.ts'
import type { Problem } from '../../lib/http/problem.ts'
import { type ImportResult, Product, ProductUpsert } from '../../lib/products/schemas.ts'
import { unknownFieldsOf } from '../../plugins/http/strict.ts'
import { idempotencyKey } from '../idempotency.ts'
import { withCheckedImages } from './check-images.ts'
import { identify, ownerOf } from './identify.ts'

type ImportRequest = FastifyRequest<{ Headers: { 'idempotency-key'?: string; prefer?: string } }>
type Identified = ReturnType<typeof identify>
type Written = { id: number; created: boolean }

interface LineWriterOptions {
  app: FastifyInstance
  config: Config
  request: ImportRequest
  /** Returns the body if it fits the schema. */
  check(body: unknown): ProductUpsert
}

/**
 * Returns a function that writes the product of a line as the routes of single products do. It resolves with
 * the line of the response.
 */
export function lineWriter({ app, config, request, check }: LineWriterOptions) {
  const { caller } = request
  const isStrict = prefersStrict(request.headers.prefer)
  const parse = app.getDefaultJsonParser('error', 'error')
  const upsert = inTurn((input) => app.products.upsert(input, { bulk: true }))

  function write(text: string, line: number): Promise<Written> {
    let body: unknown
    parse(request, text, (error, parsed) => {
      if (error) throw NOT_JSON
      body = parsed
    })
    const product = check(body)
    const unknown = isStrict ? unknownFieldsOf(body, FIELDS) : []
    if (unknown.length > 0) throw new AppError('invalid_request', MISMATCH, unknown)
    const { external_id, product_name } = product
    if (external_id) return upsert(withCheckedImages(identify(product, external_id, caller), config))
    if (!product_name) throw NAMELESS
    const input = { ...product, product_name, user_id: ownerOf(product, caller) }
    const key = idempotencyKey(request)
    const ofLine = key && { ...key, key: `${key.key} ${line}` }
    const created = app.products.create(withCheckedImages(input, config), ofLine, { bulk: true })
    return created.then((id) => ({ id, created: true }))
  }

  return async (line: Line): Promise<ImportResult> => {
    try {
      if ('fault' in line) throw line.fault
      const { id, created } = await write(line.text, line.number)
      return { line: line.number, status: created ? 201 : 200, product_id: id }
    } catch (error) {
      const problem = app.explain(error, request)
      if (problem.code === 'internal') request.log.error({ err: error, line: line.number }, 'Line failed')
      return refusal(line.number, problem)
    }
  }
}

export const refusal = (line: number, { status, code, detail, errors }: Problem): ImportResult => ({
  line,
  status,
  code,
  error: detail,
  ...(errors && { errors })
})

/** With those of an exported product. */
const FIELDS = { ...Product.properties, ...ProductUpsert.properties }

const NOT_JSON = new AppError('malformed_request', 'The line is not valid JSON.')
const NAMELESS = new AppError('invalid_request', MISMATCH, [
  { pointer: '/product_name', detail: 'is required without an external_id' }
])

/** Writes that concern the same product run one after the other, so that the last line wins. */
function inTurn(write: (input: Identified) => Promise<Written>) {
  const writing = new Map<string, Promise<Written>>()
  return async (input: Identified): Promise<Written> => {
    const id = `${input.user_id} ${input.external_id}`
    const before = writing.get(id)
    const next = () => write(input)
    const written = before ? before.then(next, next) : next()
    writing.set(id, written)
    try {
      return await written
    } finally {
      if (writing.get(id) === written) writing.delete(id)
    }
  }
}
