import { type Change, endOf, enqueueAgain, toRefetch, updateImages } from './changes.ts'
import type { ImageRow, ProductRecord } from './record.ts'

/** What operators do with images. */
export const ACTS = ['retry', 'fail', 'refetch', 'remake', 'delete-results'] as const
export type ActName = (typeof ACTS)[number]

/** The status of the images that an act is for; the others are for images that are not pending. */
export const ACT_STATUS: Partial<Record<ActName, ImageRow['status']>> = {
  retry: 'failed',
  fail: 'pending',
  'delete-results': 'done'
}

/**
 * Returns the change that an act makes to those images of a product that it is for; null if there are none.
 */
export function act(record: ProductRecord, name: ActName, ids: ReadonlySet<string>): Change | null {
  const status = ACT_STATUS[name]
  const isMeant = (row: ImageRow) =>
    ids.has(row.id) && (status === undefined ? row.status !== 'pending' : row.status === status)
  if (name === 'fail')
    return updateImages(record, isMeant, (row) => ({ ...row, ...endOf(row), ...WITHDRAWN }))
  if (name === 'delete-results')
    return updateImages(record, isMeant, (row) => ({ ...row, ...NO_RESULT, ...WITHDRAWN }))
  const again = enqueueAgain(record, isMeant)
  return (
    again && { ...again, ...(name === 'refetch' && { update: again.update.map(toRefetch) }), isBulk: true }
  )
}

const WITHDRAWN = {
  error_code: 'withdrawn',
  error_detail: 'The operator of the service has stopped this image. Ask them why, or use another one.',
  wait_ms: 0
} as const

const NO_RESULT = {
  status: 'failed',
  object_key: null,
  url: null,
  width: null,
  height: null,
  source_bytes: null,
  bytes: null,
  renditions: {},
  placeholder: null,
  original: null
} as const
