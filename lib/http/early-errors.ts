import type { Socket } from 'node:net'
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from './app-error.ts'
import { codeOf, toProblem } from './problem.ts'

/** Connections whose request may take any time, as long as it goes on. */
export const withoutRequestTimeout = new WeakSet<Socket>()

/** Options of Fastify for errors that occur before a request has a route and an error handler. */
export const earlyErrors = {
  /** A URL that cannot be decoded, or has a parameter that is too long. */
  frameworkErrors({ statusCode = 400, message }: FastifyError, _: FastifyRequest, reply: FastifyReply) {
    const code = codeOf(statusCode)
    // Fastify's message repeats the path.
    const detail = code === 'url_too_long' ? 'A parameter of the path is too long.' : message
    const problem = toProblem(code, detail, [], statusCode)
    reply.code(statusCode).type('application/problem+json').send(problem)
  },

  /** Bytes that are not HTTP, or that did not arrive in time. */
  clientErrorHandler(error: ConnectionError, socket: Socket) {
    if (error.code === 'ECONNRESET' || !socket.writable) return
    if (error.code === TIMEOUT && withoutRequestTimeout.has(socket)) return
    const problem = toProblem(...(CLIENT_ERRORS[error.code] ?? NOT_HTTP))
    const body = JSON.stringify(problem)
    const head = [
      `HTTP/1.1 ${problem.status} ${problem.title}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close'
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
  }
}

const NOT_HTTP: [ErrorCode, detail: string] = ['malformed_request', 'Malformed HTTP request.']
const TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT'
const CLIENT_ERRORS: Record<string, typeof NOT_HTTP> = {
  [TIMEOUT]: ['request_timeout', 'The request was not sent in time.'],
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The headers are too large.']
}
