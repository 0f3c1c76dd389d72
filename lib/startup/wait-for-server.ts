import { setTimeout as wait } from 'node:timers/promises'
import { type Log, reasonOf } from '../log/log.ts'
import { withTimeout } from './timeout.ts'

const BETWEEN_TRIES_MS = 1000
/** Three seconds are long for a server that responds, and short for a start. */
const OPTIONAL_TIMEOUT_MS = 3000

/** The service cannot start. The message says what to change. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** A server that the settings name. */
export interface Server {
  name: string
  /** The settings that name it, as they appear in a message. */
  settings: string
  /** Returns what to change, as a sentence, if the error does not pass by waiting; null if it may. */
  cureOf(error: unknown): string | null
}

/**
 * Tries until the server can be used. Resolves with the result of the attempt. Rejects with a StartError: at
 * once if waiting does not help, otherwise after `timeoutMs`. Not p-retry, which would replace only the loop.
 */
export async function waitForServer<T>(
  server: Server,
  { timeoutMs, log }: { timeoutMs: number; log: Log },
  attempt: () => Promise<T>
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      refuseWrongSetting(server, error)
      if (Date.now() + BETWEEN_TRIES_MS > deadline) {
        const message = `${server.name} could not be used for ${timeoutMs} ms: ${explain(server, error)}`
        throw new StartError(message, { cause: error })
      }
      log.warn({ reason: reasonOf(error) }, `${server.name} cannot be used yet; trying again`)
      await wait(BETWEEN_TRIES_MS)
    }
  }
}

/**
 * Tries once, and not for long, for a server that the service can start without. Rejects with a StartError if
 * waiting does not help.
 */
export async function tryServer(server: Server, log: Log, attempt: () => Promise<unknown>): Promise<void> {
  try {
    await withTimeout(OPTIONAL_TIMEOUT_MS, attempt())
  } catch (error) {
    refuseWrongSetting(server, error)
    log.warn({ reason: reasonOf(error) }, `${server.name} cannot be used yet; the service starts without it`)
  }
}

/** Tries once. Rejects with a StartError. */
export async function reachServer<T>(server: Server, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (cause) {
    if (cause instanceof StartError) throw cause
    throw new StartError(`${server.name} cannot be used: ${explain(server, cause)}`, { cause })
  }
}

/** Returns the reason and what to do about it. */
function explain({ settings, cureOf }: Server, error: unknown): string {
  const cure = cureOf(error) ?? `Is it running, and is ${settings} right?`
  return `${reasonOf(error).replace(/\.$/, '')}. ${cure}`
}

function refuseWrongSetting(server: Server, error: unknown): void {
  if (error instanceof StartError) throw error
  if (server.cureOf(error) === null) return
  throw new StartError(`${server.name} cannot be used: ${explain(server, error)}`, { cause: error })
}
