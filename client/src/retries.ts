import { pause } from './pause.ts'

/** With doubling waits from one second, half a minute. */
const MAX_RETRIES = 5

/**
 * Returns a fetch that repeats requests that the service refuses for now (429 and 503), after the time in
 * their Retry-After.
 */
export const withRetries =
  (send: typeof fetch = (...request) => globalThis.fetch(...request)): typeof fetch =>
  async (...request) => {
    const original = new Request(...request)
    for (let retries = 0; ; retries++) {
      const response = await send(original.clone())
      const waitMs = retryAfterMs(response)
      if (waitMs === null || retries === MAX_RETRIES) return response
      await response.body?.cancel()
      await pause(Math.max(waitMs, 1000 * 2 ** retries * Math.random()), original.signal)
    }
  }

/** Returns null if a retry would not help. */
function retryAfterMs({ status, headers }: Response): number | null {
  const seconds = headers.get('retry-after')
  if (seconds === null || (status !== 429 && status !== 503)) return null
  return /^\d+$/.test(seconds) ? Number(seconds) * 1000 : 0
}

/** Returns a key for a request that may be repeated. `randomUUID` is missing on pages without TLS. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
