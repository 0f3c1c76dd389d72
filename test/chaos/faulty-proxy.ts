import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { Tally } from './tally.ts'

/** `cut`: half of the connections before the request reaches the server, half when it has been carried out. */
export type Mood = 'honest' | '503' | 'cut'

export interface FaultyProxy {
  url: string
  mood: Mood
  tally: Tally
  stop(): Promise<void>
}

/** Stands before an HTTP server and fails as it is told. The Host header stays: signatures are made of it. */
export async function startFaultyProxy(target: string, random: () => number): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target)
  const tally = new Tally()

  const forward = (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    answered: (answer: IncomingMessage) => void
  ) => {
    const { method, url: path, headers } = incoming
    const onward = request({ hostname, port, method, path, headers }, answered)
    onward.on('error', () => outgoing.destroy())
    pipeline(incoming, onward, () => undefined)
  }

  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', () => undefined)
    const fault = proxy.mood === 'cut' ? (random() < 0.5 ? 'cut before' : 'cut after') : proxy.mood
    tally.add(fault)
    if (fault === '503') {
      incoming.resume()
      outgoing.writeHead(503, { 'content-type': 'application/xml' })
      return void outgoing.end(
        '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
      )
    }
    if (fault === 'cut before') return void incoming.socket.resetAndDestroy()
    forward(incoming, outgoing, (answer) => {
      if (outgoing.destroyed || fault === 'cut after') {
        answer.resume()
        return void incoming.socket.resetAndDestroy()
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, outgoing, () => undefined)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${address.port}`,
    mood: 'honest',
    tally,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
  return proxy
}
