import type { Static, TSchema } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { MAX_PROBLEMS, MISMATCH } from '../../lib/http/app-error.ts'
import { fitsInto, sizeProblem } from '../../lib/http/json-size.ts'
import { lazyFor } from './lazy.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns a function that returns what fits the schema, and throws as the validation of a body does. */
    bodyCheck<T extends TSchema>(schema: T): (body: unknown) => Static<T>
  }
}

/** More items than any schema allows. */
const MAX_ITEMS = 1001
/** Less than this is floating-point noise, which PostgreSQL rounds away. */
const MAX_NOISE = 1e-6

/**
 * Bodies keep their types; parameters and headers, which are always text, may become numbers. Fastify's
 * default would turn `"product_price": null` into 0.
 */
export default fp(
  async (app) => {
    const lazy = lazyFor(app)
    // By the first use every component has been added.
    const forBodies = lazy(() => createValidator(app, true))
    const forText = lazy(() => createValidator(app, false))
    app.setValidatorCompiler<object>(({ schema, httpPart }) => {
      const validation = lazy(() => (httpPart === 'body' ? forBodies() : forText()).compile(schema))
      return (data) => {
        const validate = validation()
        return validate(shorten(data)) ? true : { error: (validate.errors ?? []).slice(0, MAX_PROBLEMS) }
      }
    })
    app.decorate('bodyCheck', <T extends TSchema>(schema: T) => {
      const validation = lazy(() => forBodies().compile<Static<T>>(schema))
      return (body: unknown) => {
        const validate = validation()
        const shortened = shorten(body)
        if (validate(shortened)) return shortened
        const faults = (validate.errors ?? []).slice(0, MAX_PROBLEMS)
        throw Object.assign(new Error(MISMATCH), { validation: faults, validationContext: 'body' })
      }
    })
  },
  { name: 'validation', dependencies: ['openapi'] }
)

/** Truncates arrays: a body of 1 MiB has room for half a million items, each with an error of its own. */
function shorten(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data
  for (const value of Object.values(data)) {
    if (Array.isArray(value)) value.length = Math.min(value.length, MAX_ITEMS)
  }
  return data
}

function createValidator(app: FastifyInstance, isBody: boolean): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    coerceTypes: isBody ? false : 'array',
    useDefaults: true,
    addUsedSchema: false,
    strictTypes: false,
    // Infinity, coerced from text, is an integer for Ajv; without this it is not compared with the maximum.
    strictNumbers: isBody
  })
  formats.default(ajv)
  // PostgreSQL refuses NUL. UTF-8 has no lone surrogates: they would become other text than was sent.
  ajv.addFormat('text', (text) => text.isWellFormed() && !text.includes('\0'))
  // Ajv divides, and 0.29 / 0.01 is 28.999999999999996. Its multipleOfPrecision refuses 0.1 + 0.2.
  ajv.removeKeyword('multipleOf')
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    error: { message: ({ schema }) => `must be a multiple of ${schema}` },
    validate: (step: number, value: number) => Math.abs(value - Math.round(value / step) * step) < MAX_NOISE
  })
  ajv.addKeyword({
    keyword: 'x-max-json-bytes',
    type: 'object',
    schemaType: 'number',
    error: { message: ({ schema }) => sizeProblem(schema) },
    validate: fitsInto
  })
  for (const schema of Object.values(app.getSchemas())) ajv.addSchema(schema as object)
  return ajv
}
