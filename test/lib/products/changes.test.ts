import t from 'tap'
import {
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
import { attempt, DONE, FAILED, retryAfter } from './outcomes.ts'

const FIELDS = {
  external_id: 'SKU-7',
  product_name: 'Lamp',
  product_description: '',
  product_price: 1,
  metadata: { color: 'green' }
}
const ANEW = { attempts: 0, error_code: null, error_detail: null, wait_ms: 0 }
const url = (name: string) => `https://a.example/${name}`

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

t.test('the rows after a change are those that stay, as they then are', async (t) => {
  const [gone, kept, made] = [doneRow('a'), failedRow('b'), pendingRow('c')]
  const product = record([gone, kept, made])
  const done = finish(product, [attempt(made, DONE)])
  t.match(imagesAfter(product, done), [gone, kept, { status: 'done', object_key: DONE.object_key }])
  const edited = edit(product, { ...FIELDS, product_images: [kept.source_url, made.source_url] })
  t.strictSame(imagesAfter(product, edited), [kept, made])
  t.strictSame(imagesAfter(product, null), product.images)
})
