import { type Static, Type } from '@sinclair/typebox'
import { ERROR_STATUSES, type ErrorCode, type InputProblem } from './app-error.ts'

// Not imported: that would evaluate Node's WebSocket, and undici with it, which is 5% of a start.
const { STATUS_CODES } = process.getBuiltinModule('node:http')

/** The body of every error (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ examples: ['about:blank'] }),
    title: Type.String({ examples: ['Bad Request'] }),
    status: Type.Integer({ examples: [400] }),
    code: Type.Unsafe<ErrorCode>({
      type: 'string',
      enum: Object.keys(ERROR_STATUSES),
      description: 'The kind of error, for programs'
    }),
    detail: Type.String({ description: 'What is wrong, for people' }),
    error: Type.String({ description: 'Same as detail, for clients of the Go service' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer into the body, or the name of a parameter' }),
          detail: Type.String()
        }),
        { description: 'Every violation, up to 100' }
      )
    )
  },
  { $id: 'Problem' }
)
export type Problem = Static<typeof Problem>

/** Returns the body of an error. Its status is that of the code, unless one is given. */
export function toProblem(
  code: ErrorCode,
  detail: string,
  errors: InputProblem[] = [],
  status: number = ERROR_STATUSES[code]
): Problem {
  const title = STATUS_CODES[status] ?? 'Error'
  const problem = { type: 'about:blank', title, status, code, detail, error: detail }
  return errors.length > 0 ? { ...problem, errors } : problem
}

/** Returns the code of an error that has only a status, as those of Fastify and its plugins. */
export function codeOf(status: number): ErrorCode {
  return FOREIGN_CODES[status] ?? (status < 500 ? 'malformed_request' : 'internal')
}

const FOREIGN_CODES: Record<number, ErrorCode> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  408: 'request_timeout',
  413: 'body_too_large',
  414: 'url_too_long',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  431: 'headers_too_large',
  503: 'unavailable'
}
