import fp from 'fastify-plugin'

/** Bodies are JSON. An empty one is none: many clients name a content type with every request, DELETE too. */
export default fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body === '') done(null)
      else parse(request, body, done)
    })
  },
  { name: 'body' }
)
