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
  /** Whether another attempt may succeed, as after a timeout or a 503. Default false. */
  transient?: boolean
  /** Minimum wait before another attempt, in milliseconds (the origin's Retry-After). */
  retryAfterMs?: number | undefined
}

/**
 * The failure of an image. The product's owner sees `message`: it says what to do, and nothing about the
 * service's network. `cause` is for operators only.
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
