import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { lazyFor } from './lazy.ts'

/** More items than any schema allows. */
const MAX_ITEMS = 1001
const MAX_ERRORS = 100
/** Floating-point noise that PostgreSQL rounds away: less than this is no decimal that a client meant. */
const MAX_NOISE = 1e-6

/**
 * Bodies are taken as they are; parameters and headers, which are always text, may become numbers. Fastify's default would
 * turn `"product_price": null` into 0.
 */
export default fp(
  async (app) => {
    const lazy = lazyFor(app)
    const validators = new Map<string, Ajv>()
    /** One for each kind, made for the first schema that needs it: by then every component has been added. */
    function validatorFor(kind: { isBody: boolean; allErrors: boolean }): Ajv {
      const key = JSON.stringify(kind)
      const ajv = validators.get(key) ?? createValidator(app, kind)
      validators.set(key, ajv)
      return ajv
    }

    app.setValidatorCompiler<object>(({ schema, httpPart }) => {
      const isBody = httpPart === 'body'
      const validation = lazy(() => validatorFor({ isBody, allErrors: false }).compile(schema))
      return (data) => {
        const validate = validation()
        if (validate(data)) return true
        const validateAll = validatorFor({ isBody, allErrors: true }).compile(schema)
        validateAll(shorten(data))
        return { error: (validateAll.errors ?? []).slice(0, MAX_ERRORS) }
      }
    })
  },
  { name: 'validation', dependencies: ['openapi'] }
)

/** A body of a mebibyte has room for half a million items, each with an error of its own. */
function shorten(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data
  for (const value of Object.values(data)) {
    if (Array.isArray(value)) value.length = Math.min(value.length, MAX_ITEMS)
  }
  return data
}

function createValidator(
  app: FastifyInstance,
  { isBody, allErrors }: { isBody: boolean; allErrors: boolean }
) {
  const ajv = new Ajv({
    allErrors,
    coerceTypes: isBody ? false : 'array',
    useDefaults: true,
    addUsedSchema: false,
    strictTypes: false,
    // Coerced from text, Infinity is an integer for Ajv; with this it is too large a number instead of none to look at.
    strictNumbers: isBody
  })
  formats.default(ajv)
  // PostgreSQL refuses NUL, and UTF-8 has no lone surrogates: they would come back as other text than was sent.
  ajv.addFormat('text', (text) => text.isWellFormed() && !text.includes('\0'))
  // Ajv divides, and 0.29 / 0.01 is 28.999999999999996. Its multipleOfPrecision refuses noise, as of 0.1 + 0.2.
  ajv.removeKeyword('multipleOf')
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    error: { message: ({ schema }) => `must be a multiple of ${schema}` },
    validate: (step: number, value: number) => Math.abs(value - Math.round(value / step) * step) < MAX_NOISE
  })
  for (const schema of Object.values(app.getSchemas())) ajv.addSchema(schema as object)
  return ajv
}
