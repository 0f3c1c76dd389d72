import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Owner } from './owner.ts'
import { freePort } from './servers/port.ts'

/** A port before a server, closed until it is opened: to a client that server is not up yet, up, or lost. */
export interface Gate {
  /** The server's URL, by way of the gate. */
  url: string
  open(): Promise<void>
  /** Ends every connection through it. */
  close(): Promise<void>
}

export async function createGate(t: Owner, target: string): Promise<Gate> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const onward = connect(Number(port), hostname)
    for (const [socket, other] of [
      [client, onward],
      [onward, client]
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy()).on('close', () => sockets.delete(socket) && other.destroy())
      socket.pipe(other)
    }
  })
  const gatePort = await freePort()
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(close)
  const url = new URL(target)
  url.host = `127.0.0.1:${gatePort}`
  return {
    url: url.href.replace(/\/$/, ''),
    async open() {
      server.listen(gatePort, '127.0.0.1')
      await once(server, 'listening')
    },
    close
  }
}
