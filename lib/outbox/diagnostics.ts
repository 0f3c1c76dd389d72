import { channel } from 'node:diagnostics_channel'
import type { OutboxKind } from './row.ts'

/** Published on `claimed` when a process has claimed a row. */
export interface ClaimedRow {
  kind: OutboxKind
  /** 0: interactive, 1: bulk. */
  class: number
  /** For how long it had been due. */
  waitMs: number
}

/** Published on `failures` when the work of a row has failed. */
export interface FailedRow {
  kind: OutboxKind
  outcome: 'retried' | 'given_up'
}

export const claimed = channel('asyncprod:claimed')
export const failures = channel('asyncprod:outbox-failure')
