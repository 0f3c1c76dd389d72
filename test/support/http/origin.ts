import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

export type Origin = {
  url: string
  /** Address and port, as in a Host header. */
  host: string
  /** Has every request for that path, with whatever query, answered by the handler. Others get a 404. */
  on(path: string, handler: Handler): void
  serve(path: string, bytes: Uint8Array | string, options?: Answer): void
  /** Path and query of each request so far, in order. */
  requests: string[]
  /** How many requests there were for that path, with whatever query. */
  count(path: string): number
  /** Resolves on the next request for that path. */
  requested(path: string): Promise<void>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type Answer = { type?: string; status?: number; headers?: Record<string, string> }

/** An HTTP server on loopback that plays the internet, with whatever it may do to a client. */
export async function startOrigin(): Promise<Origin> {
  const handlers = new Map<string, Handler>()
  const requests: string[] = []
  const waiting = new Map<string, PromiseWithResolvers<void>>()

  const server = createServer((request, response) => {
    const path = pathOf(request.url ?? '/')
    requests.push(request.url ?? '/')
    waiting.get(path)?.resolve()
    waiting.delete(path)
    response.on('error', () => {}) // the client left: its right
    const handle = handlers.get(path) ?? answer('Not found', { status: 404, type: 'text/plain' })
    handle(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port')
  const host = `127.0.0.1:${address.port}`

  const stop = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return {
    url: `http://${host}`,
    host,
    on: (path, handler) => void handlers.set(path, handler),
    serve: (path, bytes, options) => void handlers.set(path, answer(bytes, options)),
    requests,
    count: (path) => requests.filter((target) => pathOf(target) === path).length,
    requested(path) {
      const next = waiting.get(path) ?? Promise.withResolvers<void>()
      waiting.set(path, next)
      return next.promise
    },
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/** An honest answer. */
export function answer(
  bytes: Uint8Array | string,
  { type = 'image/jpeg', status = 200, headers }: Answer = {}
): Handler {
  return (_, response) =>
    response
      .writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(bytes), ...headers })
      .end(bytes)
}

export function redirect(location: string, status = 302): Handler {
  return (_, response) => response.writeHead(status, { location }).end()
}

/** Takes the request and never answers. */
export function silence(): Handler {
  return () => {}
}

/** Sends the head and those bytes, promises more, and goes quiet. */
export function stall(bytes: Uint8Array | string, { type = 'image/jpeg' }: Answer = {}): Handler {
  return (_, response) => {
    const length = Buffer.byteLength(bytes) + 1
    response.writeHead(200, { 'content-type': type, 'content-length': length }).write(bytes)
  }
}

/** Sends a byte at a time, so that no timeout between chunks fires, until the client has had enough. */
export function drip(everyMs: number, { type = 'image/jpeg' }: Answer = {}): Handler {
  return (_, response) => endless(response, type, () => delay(everyMs, '.', { ref: false }))
}

/** Sends bytes without end, as fast as the client takes them. */
export function flood({ type = 'image/jpeg' }: Answer = {}): Handler {
  const chunk = Buffer.alloc(64 * 1024)
  return (_, response) => endless(response, type, () => chunk)
}

function endless(response: ServerResponse, type: string, next: () => unknown): void {
  const chunks = async function* () {
    while (true) yield await next()
  }
  response.writeHead(200, { 'content-type': type })
  pipeline(Readable.from(chunks()), response, () => {}) // it ends when the client leaves
}

/** Resets the connection instead of answering. */
export function reset(): Handler {
  return (_, response) => response.socket?.resetAndDestroy()
}

/** Sends the head and those bytes, promises more, and resets the connection. */
export function resetAfter(bytes: Uint8Array | string, { type = 'image/jpeg' }: Answer = {}): Handler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(bytes) + 1 })
    response.write(bytes, () => response.socket?.resetAndDestroy())
  }
}

/** Says that the body is that long, sends the bytes, and closes the connection. */
export function lie(
  bytes: Uint8Array | string,
  contentLength: number,
  { type = 'image/jpeg' }: Answer = {}
): Handler {
  return (_, response) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${contentLength}\r\nconnection: close\r\n\r\n`
    response.socket?.write(head)
    response.socket?.end(bytes)
  }
}

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? target
}
