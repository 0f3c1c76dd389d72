import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

const EVERY_MS = 50

/**
 * Of open connections. Node takes in one new connection each turn of the event loop, and a thousand that keep asking make turns long:
 * new clients waited for up to 15 s, and the database's answers with them. Clients that have to connect again
 * stand in one queue with all others, and are served twice as fast in all.
 */
const MAX_KEPT = 500

/**
 * Node ends idle connections once, when the server closes. One that is busy then would be kept alive after its answer, and one
 * that a client has opened and not used yet counts as busy: the stop would wait for them for longer than any grace (72 s, 60 s).
 */
export default fp(
  async (app) => {
    const sockets = new Set<Socket>()
    app.server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    app.addHook('onRequest', (_request, reply, done) => {
      if (sockets.size > MAX_KEPT) reply.header('connection', 'close')
      done()
    })
    const endUnused = () => {
      app.server.closeIdleConnections()
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    }
    let timer: NodeJS.Timeout | undefined
    app.addHook('preClose', async () => {
      timer = setInterval(endUnused, EVERY_MS).unref()
    })
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'keep-alive' }
)
