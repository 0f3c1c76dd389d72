import fp from 'fastify-plugin'

/**
 * Node ends idle connections once, when the server closes. One that is busy then would be kept alive after its answer, and
 * the stop would wait for it for longer than any grace: 72 s.
 */
export default fp(
  async (app) => {
    let closing = false
    app.addHook('preClose', async () => {
      closing = true
    })
    app.addHook('onResponse', async () => {
      if (closing) setImmediate(() => app.server.closeIdleConnections())
    })
  },
  { name: 'keep-alive' }
)
