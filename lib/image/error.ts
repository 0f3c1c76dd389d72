/** Why an image could not be made, as clients read it in `images[].error.code`. */
export const IMAGE_ERROR_CODES = [
  'blocked_address',
  'unreachable',
  'timeout',
  'http_status',
  'too_large',
  'unsupported_format',
  'corrupt_image',
  'too_many_pixels',
  'storage',
  'withdrawn',
  'internal'
] as const

export type ImageErrorCode = (typeof IMAGE_ERROR_CODES)[number]

export interface ImageErrorOptions extends ErrorOptions {
  /** Another attempt may end better: a timeout, a 503, a store that is away. Default false. */
  transient?: boolean
  /** The soonest another attempt is welcome, in milliseconds from now (the origin's Retry-After). */
  retryAfterMs?: number | undefined
}

/**
 * One image's failure. `message` is shown to the product's owner, so it says what to do and nothing about the
 * network the service runs in; what only the operator may know goes into `cause`.
 */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly code: ImageErrorCode
  readonly transient: boolean
  readonly retryAfterMs: number | undefined

  constructor(code: ImageErrorCode, message: string, options: ImageErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.transient = options.transient ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}
