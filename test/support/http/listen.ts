import { once } from 'node:events'
import type { Server, Socket } from 'node:net'

/** A server that listens on loopback. Stopping it ends its connections. */
export interface Listening extends AsyncDisposable {
  url: string
  /** Address and port, as in a Host header. */
  host: string
  port: number
  server: Server
  /** Every connection so far. */
  sockets: Socket[]
  /** Resolves when all of them are closed. */
  closed(): Promise<void>
  stop(): Promise<void>
}

/** By default on a free port. */
export async function listen(server: Server, address = '127.0.0.1', wanted = 0): Promise<Listening> {
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket.on('error', () => undefined)))
  server.listen(wanted, address)
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('A TCP server has a port')
  const host = `${address}:${bound.port}`

  const closed = async () => {
    // Not events.once, which rejects when the client has reset the connection.
    for (const socket of sockets)
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  }
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return {
    url: `http://${host}`,
    host,
    port: bound.port,
    server,
    sockets,
    closed,
    stop,
    [Symbol.asyncDispose]: stop
  }
}
