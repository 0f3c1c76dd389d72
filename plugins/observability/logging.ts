import fp from 'fastify-plugin'

/** Logs one line for each request; successful reads, which are most of them, at level debug. */
export default fp(
  async (app) => {
    app.addHook('onResponse', (request, reply, done) => {
      const { method, url, log } = request
      const { statusCode: status, elapsedTime } = reply
      const level = status < 400 && (method === 'GET' || method === 'HEAD') ? 'debug' : 'info'
      log[level]({ method, url, status, ms: Math.round(elapsedTime) }, 'Request')
      done()
    })
  },
  { name: 'logging' }
)
