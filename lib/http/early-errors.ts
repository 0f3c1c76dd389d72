import type { Socket } from 'node:net'
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { toProblem } from './problem.ts'
import { STATUS_CODES } from './status-codes.ts'

/** Options of Fastify for what fails before there is a route, or even a request, that an error handler could be asked for. */
export const earlyErrors = {
  /** A URL that cannot be decoded, or with a parameter that is too long. */
  frameworkErrors({ statusCode = 400, message }: FastifyError, _: FastifyRequest, reply: FastifyReply) {
    reply.code(statusCode).type('application/problem+json').send(toProblem(statusCode, message))
  },

  /** What is no HTTP, or was not sent in time. */
  clientErrorHandler(error: ConnectionError, socket: Socket) {
    if (error.code === 'ECONNRESET' || !socket.writable) return
    const [status, detail] = CLIENT_ERRORS[error.code] ?? NO_HTTP
    const body = JSON.stringify(toProblem(status, detail))
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close'
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
  }
}

const NO_HTTP: [status: number, detail: string] = [400, 'The request is no HTTP.']
const CLIENT_ERRORS: Record<string, typeof NO_HTTP> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request was not sent in time.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.']
}
