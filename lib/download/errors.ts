import { STATUS_CODES } from 'node:http'
import { errors } from 'undici'
import { MAX_HEADER_BYTES } from '../egress/buffers.ts'
import { BlockedAddress, ReadLimitExceeded } from '../egress/errors.ts'
import { ImageError } from '../image/error.ts'

/** Statuses below 500 that are worth a retry. 202 means that the image is still being made. */
const PASSING = [202, 408, 425, 429]

const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * Returns the ImageError for whatever a download failed with: an ImageError itself, or an error of the
 * egress.
 */
export function toImageError(error: unknown): ImageError {
  if (error instanceof ImageError) return error
  if (error instanceof BlockedAddress) return blockedAddress(error)
  if (error instanceof ReadLimitExceeded) return tooMuchRead(error)
  return unreachable(error)
}

/**
 * One message for every blocked address, whether in the URL or in the DNS. Details would let a caller map our
 * internal network. The cause, which names the address, is for the operator's log.
 */
function blockedAddress(cause: BlockedAddress): ImageError {
  return new ImageError(
    'blocked_address',
    'The URL leads to an address that is not allowed. Use an http or https URL that anyone on the internet can open.',
    { cause }
  )
}

export function timeout(timeoutMs: number): ImageError {
  return new ImageError('timeout', `The download took longer than ${timeoutMs / 1000} seconds.`, {
    transient: true
  })
}

export function tooLarge(maxBytes: number): ImageError {
  return new ImageError(
    'too_large',
    `The image is larger than the limit of ${maxBytes} bytes. Use a smaller one.`
  )
}

export function compressedBody(): ImageError {
  return new ImageError(
    'unsupported_format',
    'The server compressed its response although the request did not allow it. Serve the file as it is.'
  )
}

export function tooManyRedirects(maxRedirects: number): ImageError {
  return new ImageError('http_status', `The server redirected more than ${maxRedirects} times.`)
}

/** Names the status in the standard's words: the server's own could say anything. */
export function httpStatus(status: number, retryAfter: unknown): ImageError {
  const transient = status >= 500 || PASSING.includes(status)
  const reason = `${status} ${STATUS_CODES[status] ?? ''}`.trim()
  return new ImageError('http_status', `The server responded with ${reason}.`, {
    transient,
    retryAfterMs: transient ? retryAfterMs(retryAfter) : undefined
  })
}

function tooMuchRead(cause: ReadLimitExceeded): ImageError {
  return new ImageError(
    'too_large',
    `The server sent more than ${cause.maxReadBytes} bytes for one response and did not end it. ` +
      'Serve the file as it is.',
    { cause }
  )
}

/** For the errors of undici, of sockets, of TLS and of the DNS. */
function unreachable(cause: unknown): ImageError {
  const certificate = isCertificateError(cause)
  const message = certificate
    ? 'The server’s TLS certificate is not valid. Have it renewed, or use another URL.'
    : (malformed(cause) ?? 'The server could not be reached, or broke off its response.')
  // A certificate is not renewed between two attempts.
  return new ImageError('unreachable', message, { cause, transient: !certificate })
}

/**
 * Returns what is wrong with a response that undici cannot read. The words are its own or ours, never the
 * server's.
 */
function malformed(cause: unknown): string | undefined {
  if (cause instanceof errors.HeadersOverflowError)
    return `The headers of the response are larger than ${MAX_HEADER_BYTES} bytes.`
  if (cause instanceof errors.ResponseContentLengthMismatchError)
    return 'The response states its length more than once, or in two ways.'
  if (cause instanceof errors.SocketError && cause.message === 'bad response')
    return 'The server responded with 100 Continue, which the request does not ask for.'
  if (!(cause instanceof errors.HTTPParserError)) return undefined
  const [, reason = 'unknown reason'] = /\((.*)\)$/.exec(cause.message) ?? []
  return `The response is not valid HTTP: ${reason}.`
}

/** Returns Retry-After (seconds or an HTTP date) as milliseconds from now, undefined when it is neither. */
function retryAfterMs(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined
  // Date.parse() alone would take -5 for a day in May 2001.
  const date = header.endsWith(' GMT') ? Date.parse(header) - Date.now() : Number.NaN
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : date
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_MS)
}

/** Whether Node's `code` is one of OpenSSL's verification errors. */
function isCertificateError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(ERR_TLS_CERT_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_(CA|PURPOSE)|HOSTNAME_|PATH_)/.test(
    code
  )
}
