import { STATUS_CODES } from 'node:http'
import { ImageError } from '../image/error.ts'

const MAX_RETRY_AFTER_MS = 3_600_000

/**
 * One sentence for every refusal, whether the URL or the DNS gave the address away: more would make the service a
 * map of the network it runs in. What was refused is the operator's to know, in the cause.
 */
export function blockedAddress(refused: string): ImageError {
  return new ImageError(
    'blocked_address',
    'The URL leads to an address that is not allowed. Use an http or https URL that anyone on the internet can open.',
    { cause: new Error(refused) }
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
    `The image is larger than ${maxBytes} bytes, the most that is downloaded. Use a smaller one.`
  )
}

export function tooMuchRead(maxReadBytes: number): ImageError {
  return new ImageError(
    'too_large',
    `The server sent more than ${maxReadBytes} bytes, the most that are read for one answer, and no end of it. Serve the file as it is.`
  )
}

export function compressedAnswer(): ImageError {
  return new ImageError(
    'unsupported_format',
    'The server compressed its answer although it was asked not to. Serve the file as it is.'
  )
}

export function tooManyRedirects(maxRedirects: number): ImageError {
  return new ImageError('http_status', `The server redirected more than ${maxRedirects} times.`)
}

/** The words are the standard's: a server's own could say anything. */
export function httpStatus(status: number, retryAfter: unknown): ImageError {
  const transient = status >= 500 || [408, 425, 429].includes(status)
  return new ImageError('http_status', `The server answered ${status} ${STATUS_CODES[status] ?? ''}`.trim(), {
    transient,
    retryAfterMs: transient ? retryAfterMs(retryAfter) : undefined
  })
}

/** What undici, a socket, TLS or the DNS reports. */
export function unreachable(cause: unknown): ImageError {
  const certificate = isCertificateError(cause)
  const message = certificate
    ? 'The server’s TLS certificate is not valid. Have it renewed, or use another URL.'
    : 'The server could not be reached, or broke off its answer.'
  // Nobody renews a certificate between two attempts.
  return new ImageError('unreachable', message, { cause, transient: !certificate })
}

/** Retry-After in seconds or as an HTTP date, as milliseconds from now; nothing when it is neither. */
function retryAfterMs(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined
  // Date.parse() alone would take -5 for a day in May 2001.
  const date = header.endsWith(' GMT') ? Date.parse(header) - Date.now() : Number.NaN
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : date
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_MS)
}

/** OpenSSL's verdicts on a certificate, as Node spells them in `code`. */
function isCertificateError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(ERR_TLS_CERT_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_(CA|PURPOSE)|HOSTNAME_|PATH_)/.test(
    code
  )
}
