import fp from 'fastify-plugin'

/** For replies that a browser may be led to: data is never a page. The documentation, which is one, brings its own policy. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer'
}

export default fp(
  async (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers(HEADERS)
      done()
    })
  },
  { name: 'security-headers' }
)
