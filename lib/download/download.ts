import { BufferPool } from '../buffer-pool.ts'
import { Deadline } from '../deadline.ts'
import type { AddressPolicy } from '../egress/address-policy.ts'
import { MAX_HEADER_BYTES } from '../egress/buffers.ts'
import { createEgress } from '../egress/egress.ts'
import { BlockedAddress } from '../egress/errors.ts'
import type { Locate } from '../egress/locate.ts'
import { readLimit } from '../egress/read-limit.ts'
import type { Resolve } from '../egress/resolver.ts'
import { checkSourceUrl } from '../egress/source-url.ts'
import type { ImageError } from '../image/error.ts'
import type { BodyBuffer } from './body-buffer.ts'
import { Cookies } from './cookies.ts'
import { httpStatus, timeout, toImageError, tooManyRedirects } from './errors.ts'
import { getResponse, type SourceResponse } from './response.ts'
import { conditionsFor, NotModified, type Validators, validatorsOf } from './validators.ts'

/** Browsers follow 20. Images need few, and each one may cost a new connection. */
const MAX_REDIRECTS = 10
const REDIRECTS = [301, 302, 303, 307, 308]

/** Room for eight photographs of six megapixels. On two cores six to ten are in memory at once. */
const POOL_BYTES = 16 * 1024 * 1024

const HEADERS = {
  accept: 'image/*, */*;q=0.5',
  // A compressed body could unpack to a thousand times the bytes that were counted.
  'accept-encoding': 'identity'
}

export interface DownloadOptions extends AddressPolicy {
  /** Bytes that one image may have. */
  maxBytes: number
  /** For one download from its first DNS query to its last byte, redirects included. */
  timeoutMs: number
  userAgent: string
  /** Default 6. */
  connectionsPerOrigin?: number
  /** Default: the hosts file, then the system's name servers. */
  resolve?: Resolve
}

/** Dispose of it once nothing reads its bytes: its buffer is used for another download. */
export interface Download extends Disposable {
  readonly bytes: Buffer
  readonly validators?: Validators | null
}

/** Follows a download from origin to origin. */
export interface Visit {
  /** Called when the origin has responded, with the image or with anything else. */
  responded(): void
  /** Called when the request to the origin failed. */
  failed(failure: ImageError): void
  /** Called before a redirect is followed; rejects to end the download. */
  redirected(url: string): Promise<void>
}

export interface Downloader {
  /**
   * Resolves with the bytes behind `url`. Rejects with an ImageError, with `signal`'s reason when that aborts
   * (an interrupted download is not a failed one), or as `visit` does. With `known`, it rejects with
   * NotModified if the origin still has that file.
   */
  download(url: string, signal: AbortSignal, visit?: Visit, known?: Validators): Promise<Download>
  /** Resolves with where a download of `url` connects to. */
  locate: Locate
  /** Ends every connection and every running download. */
  close(): Promise<void>
}

export function createDownloader({
  maxBytes,
  timeoutMs,
  userAgent,
  connectionsPerOrigin = 6,
  resolve,
  ...policy
}: DownloadOptions): Downloader {
  const pool = new BufferPool(POOL_BYTES)
  const { dispatcher, locate, close } = createEgress({
    policy,
    resolve,
    timeoutMs,
    maxReadBytes: readLimit(maxBytes),
    agent: {
      // Sockets to one origin, however many of its images are downloaded at once.
      connections: connectionsPerOrigin,
      // undici's default of 10 minutes would let many origins each hold many sockets.
      keepAliveMaxTimeout: 10_000,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Both restart with every byte, so they bound nothing that the timeout of the download does not.
      headersTimeout: 0,
      bodyTimeout: 0
    }
  })

  async function get(
    url: string,
    cookies: Cookies,
    signal: AbortSignal,
    known: Validators | undefined
  ): Promise<SourceResponse> {
    const checked = checkSourceUrl(url, policy)
    if ('problem' in checked) throw new BlockedAddress(`The URL ${checked.problem}`)
    const parsed = new URL(checked.url)
    const conditions = conditionsFor(url, known)
    const headers = { ...HEADERS, 'user-agent': userAgent, ...cookies.headerFor(parsed.host), ...conditions }
    const response = await getResponse(dispatcher, { url: parsed, headers, maxBytes, pool, signal })
    cookies.store(parsed.host, response.headers['set-cookie'])
    return response
  }

  async function download(
    source: string,
    signal: AbortSignal,
    visit?: Visit,
    known?: Validators
  ): Promise<Download> {
    using deadline = new Deadline(timeoutMs)
    const either = AbortSignal.any([signal, deadline.signal])
    const cookies = new Cookies()
    let url = source
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      if (redirects > 0) await visit?.redirected(url)
      const response = await get(url, cookies, either, known).catch((error: unknown) => {
        signal.throwIfAborted()
        const failure = deadline.hasPassed ? timeout(timeoutMs) : toImageError(error)
        visit?.failed(failure)
        throw failure
      })
      visit?.responded()
      if (response.body) return downloaded(response.body, validatorsOf(url, response.headers))
      if (response.status === 304 && known?.url === url) throw new NotModified()
      url = redirectTarget(response, url)
    }
    throw tooManyRedirects(MAX_REDIRECTS)
  }

  return { download, locate, close }
}

const downloaded = (body: BodyBuffer, validators: Validators | null): Download => ({
  get bytes() {
    return body.bytes
  },
  validators,
  [Symbol.dispose]: () => body[Symbol.dispose]()
})

/** Https may lead to http: pictures are no secret, and their bytes are not trusted either way. */
function redirectTarget({ status, headers }: SourceResponse, from: string): string {
  const locations = new Set([headers.location].flat())
  const [location] = locations
  if (!REDIRECTS.includes(status) || location === undefined || locations.size > 1)
    throw httpStatus(status, headers['retry-after'])
  // undici decodes each byte to one character; as browsers do, the bytes go into the URL as they are.
  const escaped = location.replace(/[\x80-\xff]/g, percentEncoded)
  return URL.parse(escaped, from)?.href ?? escaped
}

const percentEncoded = (byte: string) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`
