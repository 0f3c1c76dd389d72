import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './servers/port.ts'

/**
 * Ports in front of a server or its nodes. To a client they are closed at first, then open, frozen or lost.
 */
export interface TcpProxy {
  /** The server's URL through the proxy; of several nodes, separated by commas. */
  url: string
  open(): Promise<void>
  /** Ends every connection and refuses new ones. */
  close(): Promise<void>
  /** Keeps connections and accepts new ones, but passes nothing on in either direction. */
  freeze(): void
  thaw(): void
  /** Ends every connection. New ones lead to these servers. */
  leadTo(targets: string): void
}

/** A proxy for the server of that URL, or for several separated by commas. It is closed at first. */
export async function createTcpProxy(targets: string): Promise<TcpProxy> {
  const ports = await Promise.all(targets.split(',').map(createPort))
  return {
    url: ports.map(({ url }) => url).join(','),
    open: async () => void (await Promise.all(ports.map((port) => port.open()))),
    close: async () => void (await Promise.all(ports.map((port) => port.close()))),
    freeze() {
      for (const port of ports) port.freeze()
    },
    thaw() {
      for (const port of ports) port.thaw()
    },
    leadTo(targets) {
      for (const [index, target] of targets.split(',').entries()) ports[index]?.leadTo(target)
    }
  }
}

type Pair = readonly [client: Socket, onward: Socket]

async function createPort(target: string): Promise<TcpProxy> {
  let { hostname, port } = new URL(target)
  const pairs = new Set<Pair>()
  let isFrozen = false

  const server = createServer((client) => {
    const pair = [client, connect(Number(port), hostname)] as const
    pairs.add(pair)
    const end = () => {
      for (const socket of pair) socket.destroy()
      pairs.delete(pair)
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    if (!isFrozen) join(pair)
  })

  const ownPort = await freePort()
  const url = new URL(target)
  url.host = `127.0.0.1:${ownPort}`
  return {
    url: url.href.replace(/\/$/, ''),
    async open() {
      isFrozen = false
      server.listen(ownPort, '127.0.0.1')
      await once(server, 'listening')
    },
    async close() {
      for (const socket of [...pairs].flat()) socket.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
    freeze() {
      isFrozen = true
      for (const [client, onward] of pairs) {
        client.unpipe(onward)
        onward.unpipe(client)
      }
    },
    thaw() {
      isFrozen = false
      for (const pair of pairs) join(pair)
    },
    leadTo(next) {
      ;({ hostname, port } = new URL(next))
      for (const socket of [...pairs].flat()) socket.destroy()
    }
  }
}

function join([client, onward]: Pair): void {
  client.pipe(onward).pipe(client)
}
