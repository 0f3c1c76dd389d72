import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Different in every process, so that the ids of a fleet are. */
const prefix = randomBytes(6).toString('base64url')
let requests = 0

/** The id that a proxy before us gave the request, if it is one that may stand in a log line, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  if (typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given)) return given
  return `${prefix}-${(++requests).toString(36)}`
}
