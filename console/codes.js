/** @type {Record<string, { means: string, advice: string }>} what a code of a failed image asks for */
export const CODES = {
  http_status: {
    means: 'The origin refuses',
    advice: 'The reason has the status. For 403, ask the origin’s operator or set SOURCE_USER_AGENT.'
  },
  unreachable: { means: 'The origin cannot be reached', advice: 'Ask the origin’s operator, then retry.' },
  timeout: { means: 'Too slow', advice: 'The origin is slow, or the picture takes too long to decode.' },
  blocked_address: {
    means: 'The source is in a private network',
    advice: 'Allow it with ALLOWED_SOURCE_NETWORKS, if you mean it.'
  },
  too_large: { means: 'Too many bytes', advice: 'Raise MAX_SOURCE_BYTES, or replace the source.' },
  too_many_pixels: { means: 'Too many pixels', advice: 'Raise MAX_SOURCE_PIXELS, or replace the source.' },
  unsupported_format: { means: 'Not a picture', advice: 'Replace the source.' },
  corrupt_image: { means: 'A broken picture', advice: 'Replace the source.' },
  storage: {
    means: 'The bucket refuses writes',
    advice: 'Check key, policy and disk of the bucket: asyncprod check names its error. Then retry.'
  },
  internal: { means: 'A bug, or too little memory', advice: 'Set LOG_LEVEL=debug and report the stack.' },
  withdrawn: { means: 'Failed by an operator', advice: 'Retry it, if that was a mistake.' }
}
