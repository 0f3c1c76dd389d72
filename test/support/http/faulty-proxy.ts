import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { pipeline } from 'node:stream'
import type { Owner } from '../owner.ts'

/** `stall` takes the request and never answers, `lose` carries it out and loses the answer. */
export type Fault = 'none' | 'refuse' | 'reset' | 'stall' | 'lose'

/** Stands before an HTTP server and fails as it is told. The Host header stays: signatures are made of it. */
export async function startFaultyProxy(t: Owner, target: string) {
  const { hostname, port } = new URL(target)
  const proxy = { url: '', fault: 'none' as Fault, requests: 0 }
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming
    const { fault } = proxy
    proxy.requests++
    server.emit('taken')
    outgoing.on('error', () => undefined)
    if (fault === 'stall') return void incoming.resume()
    if (fault === 'reset') return void incoming.socket.resetAndDestroy()
    if (fault === 'refuse') return void incoming.resume().on('end', () => outgoing.writeHead(503).end())
    const onward = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      if (fault === 'lose') return void answer.resume().on('end', () => incoming.socket.resetAndDestroy())
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, outgoing, () => undefined)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    pipeline(incoming, onward, () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  proxy.url = `http://127.0.0.1:${address.port}`
  /** Resolves when the next request has come. */
  const taken = async () => void (await once(server, 'taken'))
  return Object.assign(proxy, { taken })
}
