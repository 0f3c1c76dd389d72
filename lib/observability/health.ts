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

/** Health needs no credentials and has no limit: a part is pinged once, however many requests ask at once. */
const pings = new WeakMap<HealthCheck, Promise<DependencyState>>()

/** Resolves with the state of the part. Why it cannot be used is for the log alone. */
export function stateOf(part: HealthCheck | undefined, log: Log): Promise<DependencyState> {
  if (!part) return Promise.resolve('unavailable')
  const state = pings.get(part) ?? ping(part, log).finally(() => pings.delete(part))
  pings.set(part, state)
  return state
}

async function ping(part: HealthCheck, log: Log): Promise<DependencyState> {
  try {
    await withTimeout(PING_TIMEOUT_MS, part.ping())
    return part.kind
  } catch (error) {
    log.warn({ reason: reasonOf(error) }, 'A dependency does not respond')
    return 'unavailable'
  }
}
