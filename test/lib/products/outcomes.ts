import type { Attempt, Outcome } from '../../../lib/products/changes.ts'
import type { ImageRow } from '../../../lib/products/record.ts'

export const DONE = {
  status: 'done',
  object_key: 'products/7/row-a-1-0123456789ab.jpg',
  url: 'https://cdn.example/a.jpg',
  width: 800,
  height: 600,
  source_bytes: 2000,
  bytes: 1000,
  renditions: {},
  placeholder: null,
  original: null
} satisfies Outcome
export const FAILED: Outcome = { status: 'failed', code: 'too_large', detail: 'Too large.' }
export const retryAfter = (wait_ms: number): Outcome => ({
  status: 'retry',
  code: 'timeout',
  detail: 'Too slow.',
  wait_ms
})

/** The outcome of an attempt that began with the row as it is. */
export const attempt = (image: ImageRow, outcome: Outcome): Attempt => ({ image, outcome })
