import { type Change, enqueueAgain, unchanged } from './changes.ts'
import { isCurrent, type Wanted } from './current.ts'
import { fieldsOf } from './fields.ts'
import type { ProductRecord } from './record.ts'

/** Enqueues, as bulk work, images that have not all results of today's settings. */
export function remakeOutdated(record: ProductRecord, wanted: Wanted): Change | null {
  const again = enqueueAgain(record, (row) => row.status === 'done' && !isCurrent(row, wanted))
  return again && { ...again, isBulk: true }
}

/**
 * Removes renditions whose names are not among `names`. An image that is being made loses them with its new
 * result.
 */
export function pruneRenditions(record: ProductRecord, names: string[]): Change | null {
  const isGone = ([name]: [string, unknown]) => !names.includes(name)
  const update = record.images
    .filter(({ status, renditions }) => status === 'done' && Object.entries(renditions).some(isGone))
    .map((row) => {
      const kept = Object.entries(row.renditions).filter((entry) => !isGone(entry))
      return { ...row, renditions: Object.fromEntries(kept), wait_ms: 0 }
    })
  return update.length > 0 ? { ...unchanged(fieldsOf(record)), update } : null
}
