import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isUnavailable } from '../../lib/database/unavailable.ts'
import {
  AppError,
  type ErrorCode,
  type InputProblem,
  MAX_PROBLEMS,
  MISMATCH
} from '../../lib/http/app-error.ts'
import { codeOf, type Problem, toProblem } from '../../lib/http/problem.ts'
import { reasonOf } from '../../lib/log/log.ts'
import { unknownFields } from './strict.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns what the response to the request says of an error. */
    explain(error: unknown, request: FastifyRequest): Problem
  }
  interface FastifyContextConfig {
    /** The body that the route takes; default: JSON in UTF-8. */
    accepts?: string
  }
}

/** The request may succeed if it is repeated after this time. */
const RETRIED: ErrorCode[] = ['in_flight', 'overloaded', 'unavailable']
const RETRY_AFTER_SECONDS = 2

/** Sends every error as problem+json. Callers see only the words of an AppError, the log sees the rest. */
export default fp(
  async (app) => {
    app.decorate('explain', explain)
    app.setErrorHandler((error: FastifyError, request, reply) => {
      const problem = explain(error, request)
      // A refusal has to stay cheap: it gets no stack.
      if (problem.code === 'internal') request.log.error({ err: error }, 'Request failed')
      else if (isUnavailable(error)) request.log.warn({ reason: reasonOf(error) }, 'The database failed')
      if (RETRIED.includes(problem.code)) reply.header('retry-after', RETRY_AFTER_SECONDS)
      return send(reply, problem)
    })
    app.setNotFoundHandler(({ method, url }, reply) =>
      send(reply, toProblem('not_found', `No route for ${method} ${url.split('?')[0]}.`))
    )
  },
  { name: 'errors' }
)

function explain(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof AppError) return toProblem(error.code, error.message, error.problems)
  if (isUnavailable(error)) return toProblem('unavailable', 'The database is unavailable; retry later.')
  return error instanceof Error ? explainForeign(error, request) : toProblem('internal', 'Internal error.')
}

/** Errors of Fastify, its plugins, and bugs. */
function explainForeign(error: Partial<FastifyError>, request: FastifyRequest): Problem {
  if (error.validation) {
    const problems = [...violations(error), ...unknownFields(request)]
    return toProblem('invalid_request', MISMATCH, problems.slice(0, MAX_PROBLEMS))
  }
  const status = error.statusCode ?? 500
  const code = codeOf(status)
  if (code === 'unsupported_media_type') {
    const { accepts = 'application/json in UTF-8' } = request.routeOptions.config
    return toProblem(code, `Send the body as ${accepts}.`)
  }
  return toProblem(code, code === 'internal' ? 'Internal error.' : (error.message ?? ''), [], status)
}

function violations({ validation = [], validationContext }: Partial<FastifyError>): InputProblem[] {
  return validation.map(({ instancePath, message = 'does not match the schema', params }) => {
    const missing = typeof params?.missingProperty === 'string' ? `/${params.missingProperty}` : ''
    const path = instancePath + missing
    const detail = missing ? 'is required' : withValues(message, params)
    return { pointer: validationContext === 'body' ? path : path.replace(/^\//, ''), detail }
  })
}

function withValues(message: string, params: Record<string, unknown> | undefined): string {
  if (params?.format === 'text') return 'must not contain NUL or half of a surrogate pair'
  if (Array.isArray(params?.type)) return `must be ${params.type.join(' or ')}`
  return Array.isArray(params?.allowedValues) ? `${message}: ${params.allowedValues.join(', ')}` : message
}

function send(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type('application/problem+json').send(problem)
}
