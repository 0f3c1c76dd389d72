import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './servers/port.ts'

/** A port in front of a server. To a client the server is down until the port is opened, then up, frozen or lost. */
export interface TcpProxy extends AsyncDisposable {
  /** The server's URL, through the proxy. */
  url: string
  open(): Promise<void>
  /** Ends every connection and refuses new ones. */
  close(): Promise<void>
  /** Keeps connections, and accepts new ones, but passes nothing on in either direction. */
  freeze(): void
  thaw(): void
}

/** A proxy for the server of that URL. It is closed at first. */
export async function createTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const pairs = new Set<readonly [Socket, Socket]>()
  let isFrozen = false

  const server = createServer((client) => {
    const onward = connect(Number(port), hostname)
    const pair = [client, onward] as const
    pairs.add(pair)
    const end = () => {
      for (const socket of pair) socket.destroy()
      pairs.delete(pair)
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    if (!isFrozen) join(pair)
  })

  const ownPort = await freePort()
  const close = async () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  const url = new URL(target)
  url.host = `127.0.0.1:${ownPort}`
  return {
    url: url.href.replace(/\/$/, ''),
    async open() {
      isFrozen = false
      server.listen(ownPort, '127.0.0.1')
      await once(server, 'listening')
    },
    close,
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
    [Symbol.asyncDispose]: close
  }
}

function join([client, onward]: readonly [Socket, Socket]): void {
  client.pipe(onward).pipe(client)
}
