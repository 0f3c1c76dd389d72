import { setTimeout as wait } from 'node:timers/promises'
import { type Log, reasonOf } from '../log/log.ts'

const BETWEEN_TRIES_MS = 1000

/** The service cannot start. The message says what to look at. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/**
 * Tries until a server can be used, and says so meanwhile. Rejects after `timeoutMs` with an error that names the setting to look at.
 */
export async function waitForServer<T>(
  { name, setting, timeoutMs, log }: { name: string; setting: string; timeoutMs: number; log: Log },
  attempt: () => Promise<T>
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    try {
      return await attempt()
    } catch (cause) {
      const reason = reasonOf(cause)
      if (Date.now() + BETWEEN_TRIES_MS > deadline) {
        throw new StartError(
          `${name} could not be used within ${timeoutMs} ms: ${reason}. Is it running, and is ${setting} right?`,
          { cause }
        )
      }
      log.warn({ reason }, `${name} cannot be used yet; trying again`)
      await wait(BETWEEN_TRIES_MS)
    }
  }
}
