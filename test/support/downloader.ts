import { createServer, type Server, type Socket } from 'node:net'
import { createDownloader, type Downloader, type DownloadOptions } from '../../lib/download/download.ts'
import { parseNetworks } from '../../lib/egress/address-policy.ts'
import { ImageError } from '../../lib/image/error.ts'
import { type Listening, listen as listenAt } from './http/listen.ts'
import { type Handler, type Origin, startOrigin } from './http/origin.ts'
import { type Owner, owned } from './owner.ts'

/** Stands for the internet: the only address that the downloader of these tests may connect to. */
export const OUTSIDE = '127.0.0.2'
/** Stands for every address that it may not connect to. */
export const INSIDE = '127.0.0.1'

/** A downloader that connects to OUTSIDE only, until the test ends. */
export function downloader(t: Owner, options: Partial<DownloadOptions> = {}): Downloader {
  const made = createDownloader({
    maxBytes: 100_000,
    timeoutMs: 30_000,
    userAgent: 'AsyncProd/test',
    networks: parseNetworks(`${OUTSIDE}/32`),
    ports: [80, 443],
    ...options
  })
  t.teardown(() => made.close())
  return made
}

/** An origin that sends every request to this handler. */
export async function serve(t: Owner, handler: Handler, address = OUTSIDE, port = 0): Promise<Origin> {
  return owned(t, await startOrigin({ handler, address, port }))
}

/** An origin that writes whatever it likes to the socket each time the client has sent something. */
export function speak(t: Owner, say: (socket: Socket, sent: Buffer) => void): Promise<Listening> {
  const server = createServer((socket) => socket.on('data', (sent) => say(socket, sent)))
  return listen(t, server)
}

export async function listen(t: Owner, server: Server, address = OUTSIDE): Promise<Listening> {
  return owned(t, await listenAt(server, address))
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
