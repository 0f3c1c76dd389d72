import type { IncomingHttpHeaders } from 'node:http'

/** Whether a request of this method changes nothing. */
export const isRead = (method: string) => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

/**
 * Whether a request comes from a page of the service itself, or from no page. Browsers send an Origin, or at
 * least Sec-Fetch-Site, with every request that changes something.
 */
export function isOwnOrigin({ origin, host, 'sec-fetch-site': site = 'none' }: IncomingHttpHeaders): boolean {
  if (origin !== undefined) return origin.replace(/^https?:\/\//, '') === host
  return site === 'none' || site === 'same-origin'
}
