import { isUtf8 } from 'node:buffer'
import fp from 'fastify-plugin'
import { AppError } from '../../lib/http/app-error.ts'

const NOT_UTF8 = new AppError('malformed_request', 'The body is not valid UTF-8.')
const OTHER_CHARSET = new AppError('unsupported_media_type', 'Send the body as application/json in UTF-8.')

/** Bodies are JSON in UTF-8. An empty one is none: many clients send a content type even with DELETE. */
export default fp(
  async (app) => {
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

function isOtherCharset(contentType = ''): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(contentType)?.[1]
  return charset !== undefined && !/^utf-?8$/i.test(charset)
}
