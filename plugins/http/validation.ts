import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Later } from '../../lib/startup/lazy.ts'

/**
 * Bodies are taken as they are; parameters and headers, which are always text, may become numbers. Fastify's default would
 * turn `"product_price": null` into 0.
 */
export default fp<{ later: Later }>(
  async (app, { later }) => {
    let validators: { body: Ajv; text: Ajv } | undefined
    app.setValidatorCompiler<object>(({ schema, httpPart }) => {
      const validation = later(() => {
        // Made for the first route, when every component has been added.
        validators ??= { body: validator(app, false), text: validator(app, 'array') }
        return validators[httpPart === 'body' ? 'body' : 'text'].compile(schema)
      })
      return (data) => {
        const validate = validation()
        return validate(data) || { error: validate.errors ?? [] }
      }
    })
  },
  { name: 'validation', dependencies: ['openapi'] }
)

function validator(app: FastifyInstance, coerceTypes: 'array' | false): Ajv {
  const ajv = new Ajv({
    coerceTypes,
    useDefaults: true,
    addUsedSchema: false,
    strictTypes: false,
    // Coerced from text, Infinity is an integer for Ajv; with this it is too large a number instead of none to look at.
    strictNumbers: coerceTypes === false
  })
  formats.default(ajv)
  // PostgreSQL refuses NUL, and UTF-8 has no lone surrogates: they would come back as other text than was sent.
  ajv.addFormat('text', (text) => text.isWellFormed() && !text.includes('\0'))
  // Ajv divides, and 0.29 / 0.01 is 28.999999999999996.
  ajv.removeKeyword('multipleOf')
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    error: { message: ({ schema }) => `must be a multiple of ${schema}` },
    validate: (step: number, value: number) => Number((Math.round(value / step) * step).toFixed(10)) === value
  })
  for (const schema of Object.values(app.getSchemas())) ajv.addSchema(schema as object)
  return ajv
}
