import { type Change, enqueueAgain, updateImages } from './changes.ts'
import { isCurrent, type Wanted } from './current.ts'
import type { ImageRow, ProductRecord } from './record.ts'

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
  const hasGone = ({ status, renditions }: ImageRow) =>
    status === 'done' && Object.entries(renditions).some(isGone)
  return updateImages(record, hasGone, (row) => {
    const kept = Object.entries(row.renditions).filter((entry) => !isGone(entry))
    return { ...row, renditions: Object.fromEntries(kept), wait_ms: 0 }
  })
}
