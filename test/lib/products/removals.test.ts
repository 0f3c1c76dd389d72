import t from 'tap'
import type { Attempt, Outcome } from '../../../lib/products/changes.ts'
import { removalsOf, replacedRemovals, strayRemovals } from '../../../lib/products/removals.ts'
import { LONGEST_UPLOAD_MS } from '../../../lib/storage/object-store.ts'
import { doneRow, pendingRow } from '../../support/rows.ts'

const JOB_MS = 1000
const LATE_MS = JOB_MS + LONGEST_UPLOAD_MS

t.test(
  'with rows that have objects go those at once, and whatever is stored late with one list',
  async (t) => {
    const rendition = {
      key: 'products/7/a-thumb.webp',
      url: '',
      width: 8,
      height: 6,
      bytes: 9,
      definition: ''
    }
    const large = { ...doneRow('a'), renditions: { thumb: rendition } }
    t.strictSame(removalsOf(7, [large, doneRow('b'), pendingRow('c')], JOB_MS), [
      { kind: 'object', payload: { key: 'products/7/a.jpg' }, wait_ms: 0 },
      { kind: 'object', payload: { key: 'products/7/a-thumb.webp' }, wait_ms: 0 },
      { kind: 'object', payload: { key: 'products/7/b.jpg' }, wait_ms: 0 },
      { kind: 'object', payload: { prefix: 'products/7/' }, wait_ms: LATE_MS }
    ])
  }
)

t.test('of a pending row only an upload that may be under way has to be removed', async (t) => {
  t.strictSame(removalsOf(7, [pendingRow('a')], JOB_MS), [
    { kind: 'object', payload: { prefix: 'products/7/' }, wait_ms: LATE_MS }
  ])
})

t.test('where no row goes, nothing is removed', async (t) => {
  t.strictSame(removalsOf(7, [], JOB_MS), [])
})

t.test('replaced objects are removed when pages with their URLs have had time to go', async (t) => {
  const [before, kept] = [doneRow('a'), doneRow('b')]
  const after = { ...before, object_key: 'products/7/a-2.jpg' }
  t.strictSame(replacedRemovals([before, kept, pendingRow('c')], [after, kept, doneRow('c')]), [
    { kind: 'object', payload: { key: 'products/7/a.jpg' }, wait_ms: LONGEST_UPLOAD_MS }
  ])
})

t.test(
  'what attempts stored and no row names is removed by one list, when no upload can be late',
  async (t) => {
    const interrupted: Outcome = { status: 'interrupted', wait_ms: 0 }
    const attempts: Attempt[] = [
      { image: pendingRow('a'), outcome: { ...interrupted, stored: ['products/7/a.jpg'] } },
      {
        image: pendingRow('b'),
        outcome: { ...interrupted, stored: ['products/7/b.jpg', 'products/7/b.webp'] }
      },
      { image: pendingRow('c'), outcome: { ...interrupted, stored: ['products/7/c.jpg'] } }
    ]
    t.strictSame(strayRemovals(7, attempts, [doneRow('a'), pendingRow('b')]), [
      { kind: 'object', payload: { prefix: 'products/7/' }, wait_ms: LONGEST_UPLOAD_MS }
    ])
  }
)

t.test('where rows name all that attempts stored, nothing is removed', async (t) => {
  const stored: Outcome = { status: 'interrupted', wait_ms: 0, stored: ['products/7/a.jpg'] }
  const nothing: Outcome = { status: 'interrupted', wait_ms: 0 }
  const attempts: Attempt[] = [
    { image: pendingRow('a'), outcome: stored },
    { image: pendingRow('b'), outcome: nothing }
  ]
  t.strictSame(strayRemovals(7, attempts, [doneRow('a'), pendingRow('b')]), [])
})
