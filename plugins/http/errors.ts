import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isUnavailable } from '../../lib/database/unavailable.ts'
import { AppError, type AppErrorCode, type InputProblem } from '../../lib/http/app-error.ts'
import { toProblem } from '../../lib/http/problem.ts'

const STATUSES: Record<AppErrorCode, number> = {
  invalid_parameter: 400,
  invalid_input: 422,
  unknown_user: 422,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  in_flight: 409,
  version_mismatch: 412,
  key_reused: 422,
  too_many_requests: 429,
  overloaded: 503,
  unavailable: 503
}

const RETRY_AFTER_SECONDS = 2

/** Every error leaves as problem+json: what a stranger may know; the log sees the rest. */
export default fp(
  async (app) => {
    app.setErrorHandler((error: FastifyError, request, reply) => {
      const { status, detail, problems } = explain(error)
      // Refusing is what must stay cheap under load; the refusals are counted, and seen in the requests' own lines.
      if (status >= 500 && error.code !== 'overloaded') request.log.error({ err: error }, 'Request failed')
      if (status === 503 || status === 409) reply.header('retry-after', RETRY_AFTER_SECONDS)
      return send(reply, status, detail, problems)
    })
    app.setNotFoundHandler((request: FastifyRequest, reply) =>
      send(reply, 404, `There is nothing at ${request.method} ${request.url.split('?')[0]}.`)
    )
  },
  { name: 'errors' }
)

function explain(error: FastifyError): { status: number; detail: string; problems?: InputProblem[] } {
  if (error instanceof AppError)
    return { status: STATUSES[error.code], detail: error.message, problems: error.problems }
  if (error.validation)
    return { status: 400, detail: 'The request does not fit.', problems: validationProblems(error) }
  if (isUnavailable(error)) return { status: 503, detail: 'The database is away. Try again soon.' }
  const status = error.statusCode ?? 500
  if (status === 415) return { status, detail: 'Send the body as application/json.' }
  return { status, detail: status < 500 ? error.message : 'Internal error.' }
}

function validationProblems({ validation = [], validationContext }: FastifyError): InputProblem[] {
  return validation.map(({ instancePath, message = 'does not fit', params }) => {
    const missing = typeof params?.missingProperty === 'string' ? `/${params.missingProperty}` : ''
    const path = instancePath + missing
    const detail = missing ? 'is required' : withValues(message, params)
    return { pointer: validationContext === 'body' ? path : path.replace(/^\//, ''), detail }
  })
}

function withValues(message: string, params: Record<string, unknown> | undefined): string {
  if (params?.format === 'text') return 'must not contain NUL or half of a surrogate pair'
  return Array.isArray(params?.allowedValues) ? `${message}: ${params.allowedValues.join(', ')}` : message
}

function send(
  reply: FastifyReply,
  status: number,
  detail: string,
  problems: InputProblem[] = []
): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send(toProblem(status, detail, problems))
}
