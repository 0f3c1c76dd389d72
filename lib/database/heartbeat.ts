import type { Pool } from 'pg'
import { withTimeout } from '../startup/timeout.ts'

/** A server that is only busy responds sooner. */
const SILENCE_MS = 5000
/** Sooner than the pool would close its idle connection: a new one may be refused while the server works. */
const BEAT_MS = 5000

/**
 * Settles as `work` does, which may take as long as it needs, or rejects when the server stops responding to
 * other statements. Work on a frozen server would never settle: its kernel still confirms what TCP asks.
 */
export async function whileResponding<T>(pool: Pool, work: Promise<T>): Promise<T> {
  const silence = Promise.withResolvers<never>()
  const beat = () => withTimeout(SILENCE_MS, pool.query('SELECT 1')).catch(silence.reject)
  const timer = setInterval(beat, BEAT_MS)
  try {
    return await Promise.race([work, silence.promise])
  } finally {
    clearInterval(timer)
  }
}
