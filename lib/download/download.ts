import type { AddressPolicy } from '../egress/address-policy.ts'
import { createEgress } from '../egress/egress.ts'
import { BlockedAddress } from '../egress/errors.ts'
import { readLimit } from '../egress/read-limit.ts'
import type { Resolve } from '../egress/resolver.ts'
import { checkSourceUrl } from '../egress/source-url.ts'
import { BufferPool } from './buffer-pool.ts'
import { httpStatus, timeout, toImageError, tooManyRedirects } from './errors.ts'
import { getResponse, type SourceResponse } from './response.ts'

const MAX_REDIRECTS = 3
const REDIRECTS = [301, 302, 303, 307, 308]

/** Eight photographs of six megapixels. */
const POOL_BYTES = 16 * 1024 * 1024

const HEADERS = {
  'user-agent': 'AsyncProd/2 (+image fetcher)',
  accept: 'image/*, */*;q=0.5',
  // A compressed body could unpack to a thousand times the bytes that were counted.
  'accept-encoding': 'identity'
}

export interface DownloadOptions extends AddressPolicy {
  /** Bytes that one image may have. */
  maxBytes: number
  /** For one download from its first DNS query to its last byte, redirects included. */
  timeoutMs: number
  /** Default 6. */
  connectionsPerOrigin?: number
  /** Default: the hosts file, then the system's name servers. */
  resolve?: Resolve
}

/** Dispose of it once nothing reads its bytes: the next download is written into them. */
export interface Download extends Disposable {
  readonly bytes: Buffer
}

export interface Downloader {
  /**
   * Resolves with the bytes behind `url`. Rejects with an ImageError, or with `signal`'s reason when that aborts: an
   * interrupted download is not a failed one.
   */
  download(url: string, signal: AbortSignal): Promise<Download>
  /** Ends every connection and every running download. */
  close(): Promise<void>
}

export function createDownloader({
  maxBytes,
  timeoutMs,
  connectionsPerOrigin = 6,
  resolve,
  ...policy
}: DownloadOptions): Downloader {
  const pool = new BufferPool(POOL_BYTES)
  const { dispatcher, close } = createEgress({
    policy,
    resolve,
    timeoutMs,
    maxReadBytes: readLimit(maxBytes),
    agent: {
      // Sockets to one origin, however many of its images are downloaded at once.
      connections: connectionsPerOrigin,
      // undici's default of 10 minutes would let many origins each hold many sockets.
      keepAliveMaxTimeout: 10_000,
      maxHeaderSize: 16_384,
      // Both restart with every byte, so they bound nothing that the timeout of the download does not.
      headersTimeout: 0,
      bodyTimeout: 0
    }
  })

  async function follow(source: string, signal: AbortSignal): Promise<Download> {
    let url = source
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const checked = checkSourceUrl(url, policy)
      if ('problem' in checked) throw new BlockedAddress(`The URL ${checked.problem}`)
      const request = { url: new URL(checked.url), headers: HEADERS, maxBytes, pool, signal }
      const response = await getResponse(dispatcher, request)
      if (response.body) return response.body
      url = redirectTarget(response, checked.url)
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
        throw deadline.aborted ? timeout(timeoutMs) : toImageError(error)
      }
    },
    close
  }
}

/** Https may lead to http: pictures are no secret, and their bytes are not trusted either way. */
function redirectTarget({ status, headers }: SourceResponse, from: string): string {
  const { location } = headers
  if (!REDIRECTS.includes(status) || typeof location !== 'string')
    throw httpStatus(status, headers['retry-after'])
  return URL.parse(location, from)?.href ?? location
}
