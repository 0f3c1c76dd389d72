import { type Log, reasonOf } from '../log/log.ts'
import { withTimeout } from '../startup/timeout.ts'

const PING_TIMEOUT_MS = 2000

/** A server or an embedded part that the service works with. */
export interface HealthCheck {
  /** Without it requests fail; the others are worked around or waited for. */
  required?: boolean
  kind: 'connected' | 'embedded'
  /** Rejects when it cannot be used at this moment. */
  ping(): Promise<unknown>
}

export type DependencyState = HealthCheck['kind'] | 'unavailable'

interface Examined {
  state: DependencyState
  /** Why it cannot be used: for the log and for operators. */
  reason?: string
}

/** Health needs no credentials and has no limit: a part is pinged once, however many requests ask at once. */
const pings = new WeakMap<HealthCheck, Promise<Examined>>()

/** Resolves with the state of the part, and with the reason if it cannot be used. */
export function examine(part: HealthCheck, log: Log): Promise<Examined> {
  const examined = pings.get(part) ?? ping(part, log).finally(() => pings.delete(part))
  pings.set(part, examined)
  return examined
}

/** Resolves with the state of the part. */
export async function stateOf(part: HealthCheck | undefined, log: Log): Promise<DependencyState> {
  return part ? (await examine(part, log)).state : 'unavailable'
}

async function ping(part: HealthCheck, log: Log): Promise<Examined> {
  try {
    await withTimeout(PING_TIMEOUT_MS, part.ping())
    return { state: part.kind }
  } catch (error) {
    const reason = reasonOf(error)
    log.warn({ reason }, 'A dependency does not respond')
    return { state: 'unavailable', reason }
  }
}
