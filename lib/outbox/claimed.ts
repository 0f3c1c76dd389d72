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

export const claimed = channel('asyncprod:claimed')
