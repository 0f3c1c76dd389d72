import type { ImageErrorCode } from '../image/error.ts'
import type { ImageRow, ProductRecord } from './record.ts'

/** What a product may look like after a request. */
export type ProductFields = Pick<
  ProductRecord,
  'product_name' | 'product_description' | 'product_price' | 'product_images'
>

/** The next state of an image row; writing it raises the generation. */
export interface ImageUpdate extends Omit<ImageRow, 'due_at'> {
  /** From when on it is owed again, in milliseconds from now. */
  wait_ms: number
}

/** How to get from one version of a product to the next; applied whole, or not at all when the version has moved on. */
export interface Change {
  fields: ProductFields
  add: string[]
  remove: ImageRow[]
  update: ImageUpdate[]
  /** When somebody should look at the product, each in milliseconds from now. */
  owe: number[]
}

/** What became of one attempt at an image. */
export type Outcome =
  | {
      status: 'done'
      object_key: string
      url: string
      width: number
      height: number
      source_bytes: number
      bytes: number
    }
  | { status: 'failed'; code: ImageErrorCode; detail: string }
  | { status: 'retry'; code: ImageErrorCode; detail: string; wait_ms: number }
  | { status: 'interrupted'; wait_ms: number }
  /** Its host is busy with other images. */
  | { status: 'snoozed'; wait_ms: number }

const unchanged = (fields: ProductFields): Change => ({ fields, add: [], remove: [], update: [], owe: [] })

/** Images whose URL stays keep their row and result; new ones are owed; rows of removed ones go. */
export function edit(record: ProductRecord, fields: ProductFields): Change {
  const wanted = new Set(fields.product_images)
  const known = new Set(record.images.map((row) => row.source_url))
  const add = [...wanted.difference(known)]
  const remove = record.images.filter((row) => !wanted.has(row.source_url))
  return { ...unchanged(fields), add, remove, owe: add.length > 0 ? [0] : [] }
}

/** The image rows of a product that was written by somebody who does not know of them; null when they are right. */
export function reconcile(record: ProductRecord): Change | null {
  const change = edit(record, record)
  return change.add.length + change.remove.length > 0 ? { ...change, owe: [] } : null
}

/** Only a pending image takes an outcome: doing it twice looks like doing it once. Null when none is left to take. */
export function finish(record: ProductRecord, outcomes: Map<string, Outcome>): Change | null {
  const update: ImageUpdate[] = []
  const owe = new Set<number>()
  for (const row of record.images) {
    const outcome = outcomes.get(row.id)
    if (!outcome || row.status !== 'pending') continue
    // Somebody else has tried it meanwhile and said when it is due again: both attempts together are one.
    const isOwedLater = Date.parse(row.due_at) > record.read_at.getTime()
    if (outcome.status !== 'done' && isOwedLater) continue
    const next = settle(row, outcome)
    if (next.status === 'pending') owe.add(next.wait_ms)
    update.push(next)
  }
  return update.length > 0 ? { ...unchanged(record), update, owe: [...owe] } : null
}

function settle(row: ImageRow, outcome: Outcome): ImageUpdate {
  const tried = { ...row, attempts: row.attempts + 1 }
  switch (outcome.status) {
    case 'done':
      return { ...tried, ...outcome, error_code: null, error_detail: null, wait_ms: 0 }
    case 'failed':
      return {
        ...tried,
        status: 'failed',
        error_code: outcome.code,
        error_detail: outcome.detail,
        wait_ms: 0
      }
    case 'retry':
      return {
        ...tried,
        error_code: outcome.code,
        error_detail: outcome.detail,
        wait_ms: outcome.wait_ms
      }
    case 'interrupted':
    case 'snoozed':
      return { ...row, wait_ms: outcome.wait_ms }
  }
}

/** Enqueues again what failed, with `code` if there is one. */
export function retryFailed(record: ProductRecord, code?: ImageErrorCode): Change | null {
  const update = record.images
    .filter((row) => row.status === 'failed' && (code === undefined || row.error_code === code))
    .map((row) => ({
      ...row,
      status: 'pending' as const,
      attempts: 0,
      error_code: null,
      error_detail: null,
      wait_ms: 0
    }))
  return update.length > 0 ? { ...unchanged(record), update, owe: [0] } : null
}

/** Owes everything again. The rows are new, and with them the object keys: finished images are cached for ever. */
export function startOver(record: ProductRecord): Change | null {
  const add = [...new Set(record.product_images)]
  return add.length > 0 ? { ...unchanged(record), add, remove: record.images, owe: [0] } : null
}
