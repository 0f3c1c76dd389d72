import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { withoutRequestTimeout } from '../../lib/http/early-errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The request or the response takes long, so its connection serves no other request. */
    isStream?: boolean
  }
}

const CLOSE_EVERY_MS = 50

/**
 * Node accepts one connection in each turn of the event loop, and turns are long with many busy ones. With a
 * thousand, new clients and responses of the database waited for up to 15 s. With this limit clients that
 * connect for each request were served twice as fast.
 */
const MAX_KEPT = 500

/**
 * Bounds the connections that are kept for another request, and ends them at a stop. Node ends idle ones
 * only once, when the server closes: one that is busy then, or was not used yet, would delay the stop by a
 * minute.
 */
export default fp(
  async (app) => {
    const sockets = new Set<Socket>()
    app.server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    app.addHook('onRequest', ({ raw, routeOptions }, reply, done) => {
      const { isStream } = routeOptions.config
      if (isStream) {
        sockets.delete(raw.socket)
        withoutRequestTimeout.add(raw.socket)
      }
      if (isStream || sockets.size > MAX_KEPT) reply.header('connection', 'close')
      done()
    })
    const endUnused = () => {
      app.server.closeIdleConnections()
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    }
    let timer: NodeJS.Timeout | undefined
    app.addHook('preClose', async () => {
      timer = setInterval(endUnused, CLOSE_EVERY_MS).unref()
    })
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'keep-alive' }
)
