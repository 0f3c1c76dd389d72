import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { type Listening, listen } from './listen.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface Origin extends Listening {
  /** Sends every request for that path, whatever its query, to the handler. */
  on(path: string, handler: Handler): void
  serve(path: string, bytes: Uint8Array | string, options?: ResponseOptions): void
  /** Path and query of each request so far, in order. */
  requests: string[]
  /** How many requests there were for that path, whatever the query. */
  count(path: string): number
  /** Resolves on the next request for that path. */
  requested(path: string): Promise<void>
}

export interface OriginOptions {
  /** For every path without a handler of its own. Default: 404. */
  handler?: Handler
  address?: string
  port?: number
}

export type ResponseOptions = { type?: string; status?: number; headers?: Record<string, string> }

/** An HTTP server on loopback that stands for the internet, with whatever it may do to a client. */
export async function startOrigin({
  handler = missing(),
  address,
  port
}: OriginOptions = {}): Promise<Origin> {
  const handlers = new Map<string, Handler>()
  const requests: string[] = []
  const waiting = new Map<string, PromiseWithResolvers<void>>()

  const server = createServer((request, response) => {
    const path = pathOf(request.url ?? '/')
    requests.push(request.url ?? '/')
    waiting.get(path)?.resolve()
    waiting.delete(path)
    response.on('error', () => undefined) // the client left: its right
    const handle = handlers.get(path) ?? handler
    handle(request, response)
  })
  // An idle connection that is closed just when it is used again would be a fault that no test asked for.
  server.keepAliveTimeout = 600_000
  return {
    ...(await listen(server, address, port)),
    on: (path, handler) => void handlers.set(path, handler),
    serve: (path, bytes, options) => void handlers.set(path, respond(bytes, options)),
    requests,
    count: (path) => requests.filter((target) => pathOf(target) === path).length,
    requested(path) {
      const next = waiting.get(path) ?? Promise.withResolvers<void>()
      waiting.set(path, next)
      return next.promise
    }
  }
}

/** An honest response. */
export function respond(
  bytes: Uint8Array | string,
  { type = 'image/jpeg', status = 200, headers }: ResponseOptions = {}
): Handler {
  return (_, response) =>
    response
      .writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(bytes), ...headers })
      .end(bytes)
}

export function missing(): Handler {
  return respond('Not found', { status: 404, type: 'text/plain' })
}

export function redirect(location: string, status = 302): Handler {
  return (_, response) => response.writeHead(status, { location }).end()
}

/** Accepts the request and never responds. */
export function silence(): Handler {
  return () => {}
}

/** Sends the head and those bytes, promises more, and goes quiet. */
export function stall(bytes: Uint8Array | string, { type = 'image/jpeg' }: ResponseOptions = {}): Handler {
  return (_, response) => {
    const length = Buffer.byteLength(bytes) + 1
    response.writeHead(200, { 'content-type': type, 'content-length': length }).write(bytes)
  }
}

/** Sends a byte at a time, so that no timeout between chunks fires, until the client leaves. */
export function drip(everyMs: number, { type = 'image/jpeg' }: ResponseOptions = {}): Handler {
  return (_, response) => endless(response, type, () => delay(everyMs, '.', { ref: false }))
}

/** Sends bytes without end, as fast as the client reads them. */
export function flood({ type = 'image/jpeg' }: ResponseOptions = {}): Handler {
  const chunk = Buffer.alloc(64 * 1024)
  return (_, response) => endless(response, type, () => chunk)
}

function endless(response: ServerResponse, type: string, next: () => unknown): void {
  const chunks = async function* () {
    while (true) yield await next()
  }
  response.writeHead(200, { 'content-type': type })
  pipeline(Readable.from(chunks()), response, () => undefined) // it ends when the client leaves
}

/** Resets the connection instead of responding. */
export function reset(): Handler {
  return (_, response) => response.socket?.resetAndDestroy()
}

/** Sends the head and those bytes, promises more, and resets the connection. */
export function resetAfter(
  bytes: Uint8Array | string,
  { type = 'image/jpeg' }: ResponseOptions = {}
): Handler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(bytes) + 1 })
    response.write(bytes, () => response.socket?.resetAndDestroy())
  }
}

/** Announces that length, sends the bytes, and closes the connection. */
export function lie(
  bytes: Uint8Array | string,
  contentLength: number,
  { type = 'image/jpeg' }: ResponseOptions = {}
): Handler {
  return (_, response) => {
    const headers = [`content-type: ${type}`, `content-length: ${contentLength}`, 'connection: close']
    response.socket?.write(`HTTP/1.1 200 OK\r\n${headers.join('\r\n')}\r\n\r\n`)
    response.socket?.end(bytes)
  }
}

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? target
}
