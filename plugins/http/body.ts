import { isUtf8 } from 'node:buffer'
import type { FastifyReply, RequestPayload } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../../lib/http/app-error.ts'

/** Of a body that is kept in memory. Files and imports are streams, which may take longer. */
const BODY_TIMEOUT_MS = 30_000

const LATE = new AppError('request_timeout', 'The request was not sent in time.')
const NOT_UTF8 = new AppError('malformed_request', 'The body is not valid UTF-8.')
const OTHER_CHARSET = new AppError('unsupported_media_type', 'Send the body as application/json in UTF-8.')

/** Bodies are JSON in UTF-8. An empty one is none: many clients send a content type even with DELETE. */
export default fp(
  async (app) => {
    app.addHook('preParsing', ({ headers }, reply, payload, done) => {
      if (headers['content-type']?.startsWith('application/json')) limitTime(payload, reply)
      done(null, payload)
    })
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
      if (isOtherCharset(request.headers['content-type'])) done(OTHER_CHARSET)
      else if (body.length === 0) done(null)
      else if (!isUtf8(body)) done(NOT_UTF8)
      else parse(request, body.toString(), done)
    })
  },
  { name: 'body' }
)

/** A client that sends a byte now and then would hold a connection for as long as Node allows an upload. */
function limitTime(payload: RequestPayload, reply: FastifyReply): void {
  const end = () => (reply.sent ? reply.raw.destroy() : reply.header('connection', 'close').send(LATE))
  const timer = setTimeout(end, BODY_TIMEOUT_MS)
  const stop = () => clearTimeout(timer)
  payload.once('end', stop).once('close', stop)
}

function isOtherCharset(contentType = ''): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(contentType)?.[1]
  return charset !== undefined && !/^utf-?8$/i.test(charset)
}
