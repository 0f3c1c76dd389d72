import t from 'tap'
import { finish, type Outcome } from '../../../lib/products/changes.ts'
import { fieldsOf } from '../../../lib/products/fields.ts'
import type { ImageRow } from '../../../lib/products/record.ts'
import { doneRow, failedRow, pendingRow, record } from '../../support/rows.ts'
import { attempt, DONE, FAILED, retryAfter } from './outcomes.ts'

t.test('a finished image has its result, and no trace of earlier errors', async (t) => {
  const row = pendingRow('a', { attempts: 2, error_code: 'timeout', error_detail: 'Too slow.' })
  const product = record([row])
  const report = { ms: 7, stages: { compress_ms: 5 }, responses: [] }
  t.strictSame(finish(product, [{ ...attempt(row, DONE), report }]), {
    fields: fieldsOf(product),
    add: [],
    remove: [],
    update: [{ ...row, ...DONE, attempts: 3, error_code: null, error_detail: null, wait_ms: 0 }],
    enqueue: [],
    attempts: [{ image_id: row.id, outcome: 'done', code: null, detail: null, ...report }]
  })
})

t.test('a failed image has its reason, and is not enqueued', async (t) => {
  const row = pendingRow('a')
  const change = finish(record([row]), [attempt(row, FAILED)])
  const failed = {
    status: 'failed' as const,
    attempts: 1,
    error_code: 'too_large',
    error_detail: 'Too large.',
    wait_ms: 0
  }
  t.strictSame(change?.update, [{ ...row, ...failed }])
  t.strictSame(change?.enqueue, [])
})

t.test('an image that is to be tried again stays pending and is enqueued for after its wait', async (t) => {
  const row = pendingRow('a', { attempts: 1 })
  const change = finish(record([row]), [attempt(row, retryAfter(4000))])
  const waiting = { attempts: 2, error_code: 'timeout', error_detail: 'Too slow.', wait_ms: 4000 }
  t.strictSame(change?.update, [{ ...row, ...waiting }])
  t.strictSame(change?.enqueue, [4000])
})

for (const ending of [{ status: 'interrupted' }, { status: 'snoozed', code: 'origin_busy' }] as const) {
  t.test(`an image that is ${ending.status} costs no attempt and keeps its earlier error`, async (t) => {
    const row = pendingRow('a', { attempts: 1, error_code: 'timeout', error_detail: 'Too slow.' })
    const change = finish(record([row]), [attempt(row, { ...ending, wait_ms: 250 })])
    t.strictSame(change?.update, [{ ...row, wait_ms: 250 }])
    t.strictSame(change?.enqueue, [250])
  })
}

t.test('an image that the store takes no more is snoozed, and says so', async (t) => {
  const row = pendingRow('a')
  const detail = 'The bucket is full.'
  const outcome: Outcome = { status: 'snoozed', code: 'store_down', detail, wait_ms: 1000 }
  t.strictSame(finish(record([row]), [attempt(row, outcome)])?.update, [
    { ...row, error_code: 'storage', error_detail: detail, wait_ms: 1000 }
  ])
})

t.test('images that wait equally long are enqueued together', async (t) => {
  const rows = ['a', 'b', 'c'].map((name) => pendingRow(name))
  const attempts = rows.map((row, index) => attempt(row, retryAfter(index < 2 ? 500 : 900)))
  t.strictSame(finish(record(rows), attempts)?.enqueue, [500, 900])
})

t.test('only a pending image takes an outcome, so a second one changes nothing', async (t) => {
  for (const row of [doneRow('a'), failedRow('a')]) {
    t.equal(finish(record([row]), [attempt(row, DONE)]), null)
  }
  t.equal(finish(record([pendingRow('a')]), [attempt(pendingRow('gone'), DONE)]), null)
  t.equal(finish(record([]), []), null)
})

t.test('an outcome of an earlier generation is not taken, whatever it is', async (t) => {
  const begun = pendingRow('a', { generation: 4 })
  const now = pendingRow('a', { generation: 5 })
  const outcomes: Outcome[] = [
    DONE,
    FAILED,
    retryAfter(1000),
    { status: 'interrupted', wait_ms: 0 },
    { status: 'snoozed', code: 'origin_busy', wait_ms: 2000 }
  ]
  for (const outcome of outcomes) {
    t.equal(finish(record([now]), [attempt(begun, outcome)]), null, outcome.status)
    t.not(finish(record([now]), [attempt(now, outcome)]), null, outcome.status)
  }
})

t.test('an unchanged image keeps its result, and no trace of earlier errors', async (t) => {
  const original = { key: 'originals/7/a', validators: null }
  const row: ImageRow = { ...doneRow('a'), status: 'pending', original, error_code: 'timeout' }
  const [update] =
    finish(record([row]), [attempt(row, { status: 'unchanged', code: 'not_modified', original })])?.update ??
    []
  t.match(update, { ...doneRow('a'), attempts: 2, error_code: null, error_detail: null, original })
})
