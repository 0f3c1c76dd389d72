/**
 * Returns the window in which signed URLs stay the same, so that ETags and browser caches hold. They are
 * valid until the end of the next one: for `ttlS` seconds at least.
 */
export function urlWindow(ttlS: number, now = Date.now()): { start: Date; expiresInS: number } {
  const windowMs = ttlS * 1000
  return { start: new Date(Math.floor(now / windowMs) * windowMs), expiresInS: 2 * ttlS }
}
