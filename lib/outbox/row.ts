import type { Carrier } from '../log/context.ts'

export const OUTBOX_KINDS = ['images', 'object', 'webhook', 'action'] as const
export type OutboxKind = (typeof OUTBOX_KINDS)[number]

/**
 * `key`: an object to remove. `prefix`: objects to remove unless an image needs them. `version`: of a
 * finished product. `message_id`: of the webhook, as ids of rows and products may be used again after a
 * failover. `action_id`: of an action that goes on.
 */
export interface Payload extends Carrier {
  key?: string
  prefix?: string
  version?: number
  message_id?: string
  action_id?: number
}

/** One claim of a row. It has no effect once the row was claimed again. */
export interface Claim {
  id: string
  /** How often the row has been claimed, this time included: the fencing token. */
  claims: number
}

/** A row that this process has claimed until its lease ends. */
export interface OutboxRow extends Claim {
  kind: OutboxKind
  product_id: number | null
  payload: Payload
  /** Whose work it is. */
  user_id: number
  /** Of its product, null when that is gone. */
  product_images: string[] | null
}

/** A row of a product to insert. It comes due in `wait_ms` milliseconds. */
export interface NewOutboxRow {
  kind: OutboxKind
  /** 1 for bulk work; default: 0. */
  class?: 0 | 1
  payload?: Payload
  wait_ms: number
}
