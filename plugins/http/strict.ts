import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError, type InputProblem, MAX_PROBLEMS, MISMATCH } from '../../lib/http/app-error.ts'
import { prefersStrict } from '../../lib/http/preference.ts'

const MAX_NAME_LENGTH = 100

/** With `Prefer: handling=strict` an unknown field of a body is refused instead of ignored. */
export default fp(
  async (app) => {
    app.addHook('preHandler', (request, reply, done) => {
      if (!prefersStrict(request.headers.prefer) || !fieldsOf(request)) return done()
      const unknown = unknownFields(request)
      if (unknown.length > 0) return done(new AppError('invalid_request', MISMATCH, unknown))
      reply.header('preference-applied', 'handling=strict')
      done()
    })
  },
  { name: 'strict', dependencies: ['openapi'] }
)

/** Returns the fields that a strict request's body may not have. */
export function unknownFields(request: FastifyRequest): InputProblem[] {
  const fields = prefersStrict(request.headers.prefer) ? fieldsOf(request) : null
  return fields ? unknownFieldsOf(request.body, fields) : []
}

/** Returns the fields of a body that are not among these. */
export function unknownFieldsOf(body: unknown, fields: object): InputProblem[] {
  if (!isObject(body)) return []
  const names = Object.keys(body).filter((name) => !Object.hasOwn(fields, name))
  return names.slice(0, MAX_PROBLEMS).map((name) => ({
    pointer: `/${name.slice(0, MAX_NAME_LENGTH).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail: 'is not a field of this request'
  }))
}

/** Returns the properties of the schema of the route's body, which may be a component. */
function fieldsOf({ server, routeOptions }: FastifyRequest): object | null {
  const body = routeOptions.schema?.body
  if (!isObject(body)) return null
  const schema = '$ref' in body ? server.getSchema(String(body.$ref).replace('#', '')) : body
  return isObject(schema) && 'properties' in schema && isObject(schema.properties) ? schema.properties : null
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
