import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { Tally } from '../tally.ts'
import { type Listening, listen } from './listen.ts'

interface Exchange {
  incoming: IncomingMessage
  outgoing: ServerResponse
  delayMs: number
  /** Sends the request on, by default with its own body. Resolves with the response. */
  carryOut(body?: Buffer): Promise<IncomingMessage>
}

const SLOW_DOWN = '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'

/** What can happen to a request. */
const FAULTS = {
  none: async ({ outgoing, carryOut }: Exchange) => pass(await carryOut(), outgoing),
  /** 503 in the words of S3. */
  refuse({ incoming, outgoing }: Exchange) {
    incoming.resume()
    outgoing.writeHead(503, { 'content-type': 'application/xml' }).end(SLOW_DOWN)
  },
  /** A reset before anything is carried out. */
  reset: ({ incoming }: Exchange) => incoming.socket.resetAndDestroy(),
  /** Nothing is carried out, and no response comes. */
  stall: ({ incoming }: Exchange) => incoming.resume(),
  /** It is carried out, and then a reset. */
  async lose({ incoming, carryOut }: Exchange) {
    await once((await carryOut()).resume(), 'end')
    incoming.socket.resetAndDestroy()
  },
  /** It is carried out, and then a 500. */
  async deny({ outgoing, carryOut }: Exchange) {
    await once((await carryOut()).resume(), 'end')
    outgoing.writeHead(500).end()
  },
  /** It is carried out after `delayMs`, even if the client has left by then. */
  async delay({ incoming, outgoing, delayMs, carryOut }: Exchange) {
    const body = await buffer(incoming)
    await wait(delayMs, undefined, { ref: false })
    pass(await carryOut(body), outgoing)
  }
}

export type Fault = keyof typeof FAULTS

export interface FaultyProxy extends Listening {
  /** What happens to the next requests, for all of them or by method. */
  fault: Fault | ((method: string) => Fault)
  /** Requests so far, by what happened to them. */
  tally: Tally
  /** Resolves when the next request has come. */
  taken(): Promise<void>
}

/** Longer than the service waits for an upload. */
const DELAY_MS = 22_000

/** Stands in front of an HTTP server. The Host header stays, as signatures cover it. */
export async function startFaultyProxy(target: string, delayMs = DELAY_MS): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target)
  const server = createServer(async (incoming, outgoing) => {
    const { method = '', url: path, headers } = incoming
    const fault = typeof proxy.fault === 'function' ? proxy.fault(method) : proxy.fault
    proxy.tally.add(fault)
    server.emit('taken')
    outgoing.on('error', () => undefined)
    const carryOut = (body?: Buffer) => {
      const onward = request({ hostname, port, method, path, headers, agent: false })
      if (body) onward.end(body)
      else pipeline(incoming, onward, () => undefined)
      return responseTo(onward)
    }
    try {
      await FAULTS[fault]({ incoming, outgoing, delayMs, carryOut })
    } catch {
      outgoing.destroy()
    }
  })
  const proxy: FaultyProxy = {
    ...(await listen(server)),
    fault: 'none',
    tally: new Tally(),
    taken: async () => void (await once(server, 'taken'))
  }
  return proxy
}

async function responseTo(onward: ReturnType<typeof request>): Promise<IncomingMessage> {
  const [response] = await once(onward, 'response')
  return response
}

function pass(response: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(response.statusCode ?? 502, response.headers)
  pipeline(response, outgoing, () => undefined)
}
