/** @type {Record<string, { means: string, advice: string }>} what a code of a failed image asks for */
export const CODES = {
  http_status: {
    means: 'The origin responds with an error',
    advice: 'The reason names the status. Retry it once the origin sends the file, or replace the source.'
  },
  unreachable: { means: 'The origin cannot be reached', advice: 'Ask the origin’s operator, then retry.' },
  timeout: { means: 'Too slow', advice: 'The origin is slow, or the picture takes too long to decode.' },
  blocked_address: {
    means: 'The source is in a private network',
    advice: 'If that network is yours, allow it with ALLOWED_SOURCE_NETWORKS.'
  },
  too_large: { means: 'Too many bytes', advice: 'Raise MAX_SOURCE_BYTES, or replace the source.' },
  too_many_pixels: { means: 'Too many pixels', advice: 'Raise MAX_SOURCE_PIXELS, or replace the source.' },
  unsupported_format: { means: 'Not a picture', advice: 'Replace the source.' },
  corrupt_image: { means: 'A broken picture', advice: 'Replace the source.' },
  storage: {
    means: 'The bucket has refused writes',
    advice:
      'Check key, policy and disk of the bucket; a worker logs its error. Images that wait are retried without you.'
  },
  internal: { means: 'A bug, or too little memory', advice: 'Set LOG_LEVEL=debug and report the stack.' },
  withdrawn: { means: 'Failed by an operator', advice: 'Retry it, if that was a mistake.' }
}

/** Codes and statuses for which a retry of the same source changes nothing. */
const SOURCE_FAULTS = ['unsupported_format', 'corrupt_image', 'too_many_pixels', 'too_large', '404', '410']

/** @type {Record<string, string>} what a status of an origin asks for */
const STATUSES = {
  401: 'The origin wants a password. Replace the source by one that anyone can open.',
  403: 'Ask the origin’s operator to let this service in, or set SOURCE_USER_AGENT. Then retry.',
  404: 'The file is not there. Replace the source, or retry once it is back.',
  410: 'The file is gone for good. Replace the source.',
  429: 'The origin asks for fewer requests. Narrow it on the screen Origins, then retry.'
}

/** Returns what to do about an image. @param {string} code @param {string} detail */
export const adviceFor = (code, detail) => STATUSES[statusOf(code, detail)] ?? CODES[code]?.advice

/** Whether an image needs another source. @param {string} code @param {string} detail */
export const needsSource = (code, detail) => SOURCE_FAULTS.includes(statusOf(code, detail) || code)

/** @param {string} code @param {string} detail */
function statusOf(code, detail) {
  const [, status = ''] = /responded with (\d{3})\b/.exec(detail) ?? []
  return code === 'http_status' ? status : ''
}
