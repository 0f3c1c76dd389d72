import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Differs from process to process. */
const prefix = randomBytes(6).toString('base64url')
let requests = 0

/** Returns the id that a proxy gave the request, if it may stand in a log line, or else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  if (typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given)) return given
  return `${prefix}-${(++requests).toString(36)}`
}
