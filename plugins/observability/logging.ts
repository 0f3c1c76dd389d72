import fp from 'fastify-plugin'

/** One line a request when it is over. Reads that went well are the many: they are there at level debug. */
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
