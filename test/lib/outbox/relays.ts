import type { Pool } from 'pg'
import type { Test } from 'tap'
import { Relay, type RelayOptions } from '../../../lib/outbox/relay.ts'
import type { OutboxRow } from '../../../lib/outbox/row.ts'
import { createLog } from '../../support/log.ts'
import { WatchedOutbox } from '../../support/outbox.ts'

export const HOUR = 3_600_000

/** Returns what starts a relay on the database; it is stopped when its test ends. */
export const relaysOn =
  (pool: Pool) =>
  (t: Test, options: Partial<RelayOptions> & Pick<RelayOptions, 'dispatch'>, on = pool) => {
    const outbox = new WatchedOutbox(on)
    const log = createLog()
    const relay = new Relay({ outbox, kind: 'images', capacity: 10, leaseMs: HOUR, log, ...options })
    relay.start()
    t.teardown(() => relay.stop(0))
    return { outbox, relay, log }
  }

/** A dispatch that says when it has begun, and ends when the test says so. */
export function held() {
  const begun = Promise.withResolvers<OutboxRow>()
  const { promise, resolve } = Promise.withResolvers<void>()
  const dispatch = (row: OutboxRow) => {
    begun.resolve(row)
    return promise
  }
  return { dispatch, begun: begun.promise, end: resolve }
}
