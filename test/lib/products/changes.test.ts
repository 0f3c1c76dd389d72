import t from 'tap'
import {
  type Attempt,
  edit,
  finish,
  imagesAfter,
  type Outcome,
  replace,
  retryFailed,
  startOver
} from '../../../lib/products/changes.ts'
import { fieldsOf } from '../../../lib/products/fields.ts'
import type { ImageRow } from '../../../lib/products/record.ts'
import { doneRow, failedRow, pendingRow, record } from '../../support/rows.ts'

const FIELDS = {
  external_id: 'SKU-7',
  product_name: 'Lamp',
  product_description: '',
  product_price: 1,
  metadata: { color: 'green' }
}
const ANEW = { attempts: 0, error_code: null, error_detail: null, wait_ms: 0 }
const url = (name: string) => `https://a.example/${name}`

const DONE = {
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
const FAILED: Outcome = { status: 'failed', code: 'too_large', detail: 'Too large.' }
const retryAfter = (wait_ms: number): Outcome => ({
  status: 'retry',
  code: 'timeout',
  detail: 'Too slow.',
  wait_ms
})

/** The outcome of an attempt that began with the row as it is. */
const attempt = (image: ImageRow, outcome: Outcome): Attempt => ({ image, outcome })

t.test('an edit keeps rows whose URL stays, removes those that went, and enqueues new ones', async (t) => {
  const [kept, gone] = [doneRow('a'), failedRow('b')]
  const fields = { ...FIELDS, product_images: [url('c'), url('a'), url('d')] }
  t.strictSame(edit(record([kept, gone]), fields), {
    fields,
    add: [url('c'), url('d')],
    remove: [gone],
    update: [],
    enqueue: [0]
  })
})

t.test('an edit without new images enqueues nothing', async (t) => {
  const fields = { ...FIELDS, product_images: [url('b'), url('a')] }
  const change = edit(record([pendingRow('a'), doneRow('b')]), fields)
  t.strictSame(change, { fields, add: [], remove: [], update: [], enqueue: [] })
})

t.test('a replacement by the same fields changes nothing, and any other one is an edit', (t) => {
  const product = record([doneRow('a')])
  t.equal(replace(product, fieldsOf(product), true), null)
  const fields = { ...fieldsOf(product), metadata: { color: 'red' } }
  t.strictSame(replace(product, fields, true), { ...edit(product, fields), isBulk: true })
  t.end()
})

t.test('a URL that is there twice is one image', async (t) => {
  const fields = { ...FIELDS, product_images: [url('a'), url('a')] }
  t.strictSame(edit(record([]), fields).add, [url('a')])
})

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

t.test('failed images are enqueued from the first attempt on; finished and pending ones stay', async (t) => {
  const failed = failedRow('b')
  const product = record([doneRow('a'), failed, pendingRow('c', { attempts: 2 })])
  t.strictSame(retryFailed(product), {
    fields: fieldsOf(product),
    add: [],
    remove: [],
    update: [{ ...failed, ...ANEW, status: 'pending' }],
    enqueue: [0]
  })
  t.equal(retryFailed(record([doneRow('a'), pendingRow('b')])), null)
})

t.test('to start over enqueues every image, and keeps what was made of it', async (t) => {
  const rows = [doneRow('a'), failedRow('b'), pendingRow('c', { attempts: 2 })]
  const product = record(rows)
  t.strictSame(startOver(product), {
    fields: fieldsOf(product),
    add: [],
    remove: [],
    update: rows.map((row) => ({ ...row, ...ANEW, status: 'pending' })),
    enqueue: [0]
  })
  t.equal(startOver(record([])), null)
})

t.test('an image that cannot be made again keeps what was made, and can be retried', async (t) => {
  const row: ImageRow = { ...doneRow('a'), status: 'pending' }
  const [kept] = finish(record([row]), [attempt(row, FAILED)])?.update ?? []
  t.match(kept, { status: 'done', url: row.url, error_code: 'too_large', error_detail: 'Too large.' })
  const again = record([{ ...row, ...kept }])
  t.match(retryFailed(again)?.update, [{ ...ANEW, status: 'pending', url: row.url }])
  t.equal(retryFailed(again, 'timeout'), null)
})

t.test('a refetch asks the origins of kept originals once, whatever becomes of it', async (t) => {
  const original = { key: 'originals/7/a', validators: null }
  const product = record([{ ...doneRow('a'), original }, doneRow('b')])
  const [a, b] = startOver(product, { refetch: true })?.update ?? []
  t.match([a, b], [{ original: { ...original, refetch: true } }, { original: null }])
  const pending: ImageRow = { ...doneRow('a'), status: 'pending', original: { ...original, refetch: true } }
  const afterwards = (outcome: Outcome) =>
    finish(record([pending]), [attempt(pending, outcome)])?.update[0]?.original
  t.strictSame(afterwards({ status: 'unchanged', code: 'same_bytes', original }), original)
  t.strictSame(afterwards(FAILED), original)
  t.strictSame(afterwards(DONE), null)
  t.strictSame(afterwards(retryAfter(1)), pending.original)
})

t.test('an unchanged image keeps its result, and no trace of earlier errors', async (t) => {
  const original = { key: 'originals/7/a', validators: null }
  const row: ImageRow = { ...doneRow('a'), status: 'pending', original, error_code: 'timeout' }
  const [update] =
    finish(record([row]), [attempt(row, { status: 'unchanged', code: 'not_modified', original })])?.update ??
    []
  t.match(update, { ...doneRow('a'), attempts: 2, error_code: null, error_detail: null, original })
})

t.test('the rows after a change are those that stay, as they then are', async (t) => {
  const [gone, kept, made] = [doneRow('a'), failedRow('b'), pendingRow('c')]
  const product = record([gone, kept, made])
  const done = finish(product, [attempt(made, DONE)])
  t.match(imagesAfter(product, done), [gone, kept, { status: 'done', object_key: DONE.object_key }])
  const edited = edit(product, { ...FIELDS, product_images: [kept.source_url, made.source_url] })
  t.strictSame(imagesAfter(product, edited), [kept, made])
  t.strictSame(imagesAfter(product, null), product.images)
})
