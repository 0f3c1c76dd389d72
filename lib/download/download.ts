import { Agent } from 'undici'
import type { AddressPolicy } from '../egress/address-policy.ts'
import { createConnector } from '../egress/connector.ts'
import { readLimit } from '../egress/read-limit.ts'
import { createResolver, type Resolve } from '../egress/resolver.ts'
import { checkSourceUrl } from '../egress/source-url.ts'
import { ImageError } from '../image/error.ts'
import { BufferPool } from './buffer-pool.ts'
import { blockedAddress, httpStatus, timeout, tooManyRedirects, unreachable } from './errors.ts'
import { type Answer, getResponse } from './response.ts'

const MAX_REDIRECTS = 3
const REDIRECTS = [301, 302, 303, 307, 308]

/** Eight photographs of six megapixels, or what a larger one leaves of that. */
const SPARE_BYTES = 16 * 1024 * 1024

const HEADERS = {
  'user-agent': 'AsyncProd/2 (+image fetcher)',
  accept: 'image/*, */*;q=0.5',
  // A body that unpacks to a thousand times what was counted cannot be had this way.
  'accept-encoding': 'identity'
}

export interface DownloadOptions extends AddressPolicy {
  /** Most bytes of one image. */
  maxBytes: number
  /** For one download from its first DNS question to its last byte, redirects included, in milliseconds. */
  timeoutMs: number
  /** Default 6. */
  connectionsPerOrigin?: number
  /** Default: the hosts file, then the system's name servers. */
  resolve?: Resolve
}

/** To be disposed of when nobody reads its bytes any more: the next download is written into them. */
export interface Download extends Disposable {
  readonly bytes: Buffer
}

export interface Downloader {
  /**
   * Gets the bytes behind `url`. Rejects with an ImageError, or with `signal`'s reason when that aborts: an
   * interrupted download is not a failed one.
   */
  download(url: string, signal: AbortSignal): Promise<Download>
  /** Ends every connection and every download that still runs. */
  close(): Promise<void>
}

export function createDownloader(options: DownloadOptions): Downloader {
  const { maxBytes, timeoutMs, connectionsPerOrigin = 6, resolve = createResolver() } = options
  const spares = new BufferPool(SPARE_BYTES)
  const connector = createConnector(options, resolve, { timeoutMs, maxReadBytes: readLimit(maxBytes) })
  const agent = new Agent({
    connect: connector.connect,
    // Most sockets to one origin, however many of its images are wanted at once.
    connections: connectionsPerOrigin,
    allowH2: false,
    // What an origin may ask for: undici's 10 minutes would let many of them hold on to many sockets.
    keepAliveMaxTimeout: 10_000,
    maxHeaderSize: 16_384,
    // Both start anew with every byte; the deadline around all of it does not.
    headersTimeout: 0,
    bodyTimeout: 0
  })

  async function follow(source: string, signal: AbortSignal): Promise<Download> {
    let url = source
    for (let requests = 0; requests <= MAX_REDIRECTS; requests++) {
      const problem = checkSourceUrl(url, options)
      if (problem) throw blockedAddress(`The URL ${problem}`)
      const answer = await getResponse(agent, {
        url: new URL(url),
        headers: HEADERS,
        maxBytes,
        spares,
        signal
      })
      if (answer.body) return answer.body
      url = redirectTarget(answer, url)
    }
    throw tooManyRedirects(MAX_REDIRECTS)
  }

  return {
    async download(url, signal) {
      const deadline = AbortSignal.timeout(timeoutMs)
      try {
        return await follow(url, AbortSignal.any([signal, deadline]))
      } catch (error) {
        signal.throwIfAborted()
        if (deadline.aborted) throw timeout(timeoutMs)
        throw error instanceof ImageError ? error : unreachable(error)
      }
    },
    async close() {
      connector.close()
      await agent.destroy()
    }
  }
}

/** Https may lead to http: pictures are no secret, and their bytes are not trusted either way. */
function redirectTarget({ status, headers }: Answer, from: string): string {
  const { location } = headers
  if (!REDIRECTS.includes(status) || typeof location !== 'string')
    throw httpStatus(status, headers['retry-after'])
  return URL.parse(location, from)?.href ?? location
}
