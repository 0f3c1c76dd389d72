import type { Act } from '../audit/audit.ts'
import type { ImageErrorCode } from '../image/error.ts'
import type { AttemptReport, NewAttempt } from './attempts.ts'
import { fieldsOf, type ProductFields } from './fields.ts'
import { type ImageRow, type Original, type ProductRecord, withoutRefetch } from './record.ts'

/** The next state of an image row; writing it raises the generation. */
export interface ImageUpdate extends Omit<ImageRow, 'due_at'> {
  /** When a pending image is due, in milliseconds from now. */
  wait_ms: number
}

/**
 * A transition from one version of a product to the next. It is applied completely, or not at all if the
 * version has changed.
 */
export interface Change {
  fields: ProductFields
  add: string[]
  remove: ImageRow[]
  update: ImageUpdate[]
  /** Milliseconds from now at which images come due; one outbox row for each. */
  enqueue: number[]
  /** Their class. */
  isBulk?: boolean
  /** The attempts whose outcomes are recorded. */
  attempts?: NewAttempt[]
  /** Recorded in the same commit. */
  audit?: Act
}

/** The end of one attempt at an image. */
export type Outcome = Ending & {
  /** The objects that the attempt stored, or may have stored. */
  stored?: string[]
}

type Ending =
  | ({ status: 'done'; object_key: string } & Pick<
      Finished,
      'url' | 'width' | 'height' | 'source_bytes' | 'bytes' | 'renditions'
    > &
      Pick<ImageRow, 'placeholder' | 'original'>)
  /** Its origin still has what it was made from. */
  | { status: 'unchanged'; code: 'not_modified' | 'same_bytes'; original: Original }
  | { status: 'failed'; code: ImageErrorCode; detail: string }
  | { status: 'retry'; code: ImageErrorCode; detail: string; wait_ms: number }
  | { status: 'interrupted'; wait_ms: number }
  /** Its origin takes no more images now. */
  | { status: 'snoozed'; code: 'origin_busy' | 'origin_down' | 'origin_paused'; wait_ms: number }
  /** The object store takes no images now. */
  | { status: 'snoozed'; code: 'store_down'; detail: string; wait_ms: number }

type Finished = { [Column in keyof ImageRow]: NonNullable<ImageRow[Column]> }

/** An image as it was when the attempt began, and the attempt's outcome. */
export interface Attempt {
  image: Pick<ImageRow, 'id' | 'generation'>
  outcome: Outcome
  report?: AttemptReport
}

export const unchanged = (fields: ProductFields): Change => ({
  fields,
  add: [],
  remove: [],
  update: [],
  enqueue: []
})

/** Images whose URL stays keep their row and result; new ones are enqueued; rows of removed ones go. */
export function edit(record: ProductRecord, fields: ProductFields): Change {
  const wanted = new Set(fields.product_images)
  const known = new Set(record.images.map((row) => row.source_url))
  const add = [...wanted.difference(known)]
  const remove = record.images.filter((row) => !wanted.has(row.source_url))
  return { ...unchanged(fields), add, remove, enqueue: add.length > 0 ? [0] : [] }
}

/** As `edit`. Returns null if nothing differs. */
export function replace(record: ProductRecord, fields: ProductFields, isBulk: boolean): Change | null {
  const isSame = JSON.stringify(fieldsOf(record)) === JSON.stringify(fields)
  return isSame ? null : { ...edit(record, fields), isBulk }
}

/**
 * Records outcomes. Fencing: an outcome is recorded only if the image is still pending and still has the
 * generation at which the attempt began; outcomes of older attempts are dropped. Returns null if none is
 * recorded.
 */
export function finish(record: ProductRecord, attempts: Attempt[]): Change | null {
  const byRow = new Map(
    attempts.map((attempt) => [`${attempt.image.id} ${attempt.image.generation}`, attempt])
  )
  const recorded = record.images.flatMap((row) => {
    const attempt = byRow.get(`${row.id} ${row.generation}`)
    return attempt && row.status === 'pending' ? [{ row, attempt }] : []
  })
  const update = recorded.map(({ row, attempt }) => next(row, attempt.outcome))
  if (update.length === 0) return null
  const waits = update.filter(({ status }) => status === 'pending').map(({ wait_ms }) => wait_ms)
  return {
    ...unchanged(fieldsOf(record)),
    update,
    enqueue: [...new Set(waits)],
    attempts: recorded.flatMap(({ row, attempt }) => toAttempt(row.id, attempt.outcome, attempt.report))
  }
}

/** Returns the row of an attempt; none if it was interrupted, which counts as no attempt. */
function toAttempt(image_id: string, outcome: Outcome, report: AttemptReport | undefined): NewAttempt[] {
  if (!report || outcome.status === 'interrupted' || outcome.status === 'snoozed') return []
  const code = 'code' in outcome ? outcome.code : null
  const detail = 'detail' in outcome ? outcome.detail : null
  return [{ image_id, outcome: outcome.status, code, detail, ...report }]
}

function next(row: ImageRow, outcome: Outcome): ImageUpdate {
  const tried = { ...row, attempts: row.attempts + 1 }
  switch (outcome.status) {
    case 'done':
    case 'unchanged':
      return { ...tried, ...outcome, status: 'done', error_code: null, error_detail: null, wait_ms: 0 }
    case 'failed':
    case 'retry': {
      const { code: error_code, detail: error_detail } = outcome
      const ending = outcome.status === 'failed' ? endOf(row) : { wait_ms: outcome.wait_ms }
      return { ...tried, ...ending, error_code, error_detail }
    }
    case 'interrupted':
      return { ...row, wait_ms: outcome.wait_ms }
    case 'snoozed': {
      const error = 'detail' in outcome && { error_code: 'storage' as const, error_detail: outcome.detail }
      return { ...row, ...error, wait_ms: outcome.wait_ms }
    }
  }
}

/** An image that could not be made again keeps what was made before. */
export function endOf({ url, original }: ImageRow): Pick<ImageUpdate, 'status' | 'original' | 'wait_ms'> {
  return {
    status: url === null ? 'failed' : 'done',
    original: original && withoutRefetch(original),
    wait_ms: 0
  }
}

const ANEW = { status: 'pending', attempts: 0, error_code: null, error_detail: null, wait_ms: 0 } as const

/** Enqueues images again whose last attempt failed, with `code` if there is one. */
export function retryFailed(record: ProductRecord, code?: ImageErrorCode): Change | null {
  const isFailed = ({ status, error_code }: ImageRow) =>
    status === 'failed' || (status === 'done' && error_code !== null)
  return enqueueAgain(record, (row) => isFailed(row) && (!code || row.error_code === code))
}

/**
 * Enqueues every image again. What was made before is served until the new results are recorded. Their
 * generation is new, and so are their object keys, because clients cache finished images forever. `refetch`:
 * origins are asked, although originals are kept, and unchanged images are not made again.
 */
export function startOver(
  record: ProductRecord,
  { refetch = false }: { refetch?: boolean | undefined } = {}
): Change | null {
  const again = enqueueAgain(record, () => true)
  return again && refetch ? { ...again, update: again.update.map(toRefetch) } : again
}

/** Asks the origin, although the original is kept. */
export const toRefetch = (update: ImageUpdate): ImageUpdate => ({
  ...update,
  original: update.original && { ...update.original, refetch: true }
})

/** Enqueues the wanted images, as if they had not been tried. */
export function enqueueAgain(record: ProductRecord, isWanted: (row: ImageRow) => boolean): Change | null {
  const change = updateImages(record, isWanted, (row) => ({ ...row, ...ANEW }))
  return change && { ...change, enqueue: [0] }
}

/** Changes the rows of the wanted images. Returns null if there are none. */
export function updateImages(
  record: ProductRecord,
  isWanted: (row: ImageRow) => boolean,
  changed: (row: ImageRow) => ImageUpdate
): Change | null {
  const update = record.images.filter(isWanted).map(changed)
  return update.length > 0 ? { ...unchanged(fieldsOf(record)), update } : null
}

/** The rows of images that stay, as the change leaves them. */
export function imagesAfter({ images }: ProductRecord, change: Change | null): Omit<ImageRow, 'due_at'>[] {
  const { remove = [], update = [] } = change ?? {}
  const updated = new Map(update.map((row) => [row.id, row]))
  const removed = new Set(remove.map(({ id }) => id))
  return images.filter(({ id }) => !removed.has(id)).map((row) => updated.get(row.id) ?? row)
}
