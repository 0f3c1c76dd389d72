import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import { createDownloader, type Downloader, type DownloadOptions } from '../../../lib/download/download.ts'
import { parseNetworks } from '../../../lib/egress/address-policy.ts'
import { ImageError } from '../../../lib/image/error.ts'

/** Stands for the internet: the only address that the downloader of these tests may reach. */
export const OUTSIDE = '127.0.0.2'
/** Stands for everything it may not. */
export const INSIDE = '127.0.0.1'

export interface Origin {
  url: string
  port: number
  server: Server
  /** Every connection so far. */
  sockets: Socket[]
}

export async function listen(t: Test, server: Server, host = OUTSIDE, port = 0): Promise<Origin> {
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket.on('error', () => {})))
  server.listen(port, host)
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port: bound } = server.address() as AddressInfo
  return { url: `http://${host}:${bound}`, port: bound, server, sockets }
}

export function serve(t: Test, handler: RequestListener, host?: string, port?: number): Promise<Origin> {
  return listen(t, createHttpServer(handler), host, port)
}

/** An origin that says whatever it likes once it was asked. */
export function speak(t: Test, answer: (socket: Socket) => void): Promise<Origin> {
  return listen(
    t,
    createServer((socket) => socket.on('data', () => answer(socket)))
  )
}

export function downloader(t: Test, options: Partial<DownloadOptions> = {}): Downloader {
  const made = createDownloader({
    maxBytes: 100_000,
    timeoutMs: 30_000,
    networks: parseNetworks(`${OUTSIDE}/32`),
    ports: [80, 443],
    ...options
  })
  t.teardown(() => made.close())
  return made
}

/** Waits until no connection of those there were is left. */
export async function closed({ sockets }: Origin): Promise<void> {
  const closings = sockets.map(
    (socket) => new Promise((resolve) => (socket.closed ? resolve(socket) : socket.once('close', resolve)))
  )
  await Promise.all(closings)
}

export type FailedImage = Pick<ImageError, 'code' | 'message' | 'transient' | 'retryAfterMs'>

/** The ImageError that a download ends with. */
export async function failure(download: Promise<unknown>): Promise<FailedImage> {
  const error = await download.then(
    () => new Error('The download did not fail'),
    (error) => error
  )
  if (!(error instanceof ImageError)) throw error
  const { code, message, transient, retryAfterMs } = error
  return { code, message, transient, retryAfterMs }
}

export const never = new AbortController().signal
