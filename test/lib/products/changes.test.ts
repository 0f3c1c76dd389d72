import t from 'tap'
import {
  edit,
  finish,
  type Outcome,
  reconcile,
  retryFailed,
  startOver
} from '../../../lib/products/changes.ts'
import { doneRow, failedRow, pendingRow, record } from '../../support/rows.ts'

const FIELDS = { product_name: 'Lamp', product_description: '', product_price: 1 }
const OWED = { attempts: 0, error_code: null, error_detail: null, wait_ms: 0 }
const url = (name: string) => `https://a.example/${name}`

const DONE: Outcome = {
  status: 'done',
  object_key: 'products/7/row-a.jpg',
  url: 'https://cdn.example/a.jpg',
  width: 800,
  height: 600,
  source_bytes: 2000,
  bytes: 1000
}

t.test('an edit keeps rows whose URL stays, removes those that went, and owes new ones', async (t) => {
  const [kept, gone] = [doneRow('a'), failedRow('b')]
  const fields = { ...FIELDS, product_images: [url('c'), url('a'), url('d')] }
  t.strictSame(edit(record([kept, gone]), fields), {
    fields,
    add: [url('c'), url('d')],
    remove: [gone],
    update: [],
    owe: [0]
  })
})

t.test('an edit without new images owes nothing', async (t) => {
  const fields = { ...FIELDS, product_images: [url('b'), url('a')] }
  const change = edit(record([pendingRow('a'), doneRow('b')]), fields)
  t.strictSame(change, { fields, add: [], remove: [], update: [], owe: [] })
})

t.test('a URL that is there twice is one image', async (t) => {
  const fields = { ...FIELDS, product_images: [url('a'), url('a')] }
  t.strictSame(edit(record([]), fields).add, [url('a')])
})

t.test(
  'rows are made right for a product that somebody else wrote, and are owed by who does it',
  async (t) => {
    const product = record([doneRow('old')], { product_images: [url('new')] })
    const change = reconcile(product)
    t.match(change, { add: [url('new')], remove: [{ id: 'row-old' }], update: [], owe: [] })
    t.equal(change?.fields.product_images, product.product_images)
    t.equal(reconcile(record([doneRow('a'), pendingRow('b')])), null)
    t.equal(reconcile(record([])), null)
  }
)

t.test('a finished image has its result, and no trace of earlier trouble', async (t) => {
  const row = pendingRow('a', { attempts: 2, error_code: 'timeout', error_detail: 'Too slow.' })
  const product = record([row])
  t.strictSame(finish(product, new Map([[row.id, DONE]])), {
    fields: product,
    add: [],
    remove: [],
    update: [{ ...row, ...DONE, attempts: 3, error_code: null, error_detail: null, wait_ms: 0 }],
    owe: []
  })
})

t.test('a failed image has its reason, and is not owed', async (t) => {
  const row = pendingRow('a')
  const change = finish(
    record([row]),
    new Map([[row.id, { status: 'failed', code: 'too_large', detail: 'Too large.' }]])
  )
  const failed = {
    status: 'failed' as const,
    attempts: 1,
    error_code: 'too_large',
    error_detail: 'Too large.',
    wait_ms: 0
  }
  t.strictSame(change?.update, [{ ...row, ...failed }])
  t.strictSame(change?.owe, [])
})

t.test('an image that is to be tried again stays pending and is owed after its wait', async (t) => {
  const row = pendingRow('a', { attempts: 1 })
  const outcome: Outcome = { status: 'retry', code: 'timeout', detail: 'Too slow.', wait_ms: 4000 }
  const change = finish(record([row]), new Map([[row.id, outcome]]))
  const waiting = { attempts: 2, error_code: 'timeout', error_detail: 'Too slow.', wait_ms: 4000 }
  t.strictSame(change?.update, [{ ...row, ...waiting }])
  t.strictSame(change?.owe, [4000])
})

t.test('an interrupted image burns no attempt and keeps its earlier trouble', async (t) => {
  const row = pendingRow('a', { attempts: 1, error_code: 'timeout', error_detail: 'Too slow.' })
  const change = finish(record([row]), new Map([[row.id, { status: 'interrupted', wait_ms: 250 }]]))
  t.strictSame(change?.update, [{ ...row, wait_ms: 250 }])
  t.strictSame(change?.owe, [250])
})

t.test('a snoozed image burns no attempt', async (t) => {
  const row = pendingRow('a', { attempts: 1 })
  const change = finish(record([row]), new Map([[row.id, { status: 'snoozed', wait_ms: 250 }]]))
  t.strictSame(change?.update, [{ ...row, wait_ms: 250 }])
})

t.test('images that wait equally long are owed together', async (t) => {
  const rows = ['a', 'b', 'c'].map((name) => pendingRow(name))
  const retry = (wait_ms: number): Outcome => ({ status: 'retry', code: 'timeout', detail: '', wait_ms })
  const outcomes = new Map(rows.map((row, index) => [row.id, retry(index < 2 ? 500 : 900)]))
  t.strictSame(finish(record(rows), outcomes)?.owe, [500, 900])
})

t.test('only a pending image takes an outcome, so that a second one changes nothing', async (t) => {
  for (const row of [doneRow('a'), failedRow('a')]) {
    t.equal(finish(record([row]), new Map([[row.id, DONE]])), null)
  }
  t.equal(finish(record([pendingRow('a')]), new Map([['row-gone', DONE]])), null)
  t.equal(finish(record([]), new Map()), null)
})

t.test('what failed is owed again from the first attempt on, what is done or pending is left', async (t) => {
  const failed = failedRow('b')
  const product = record([doneRow('a'), failed, pendingRow('c', { attempts: 2 })])
  t.strictSame(retryFailed(product), {
    fields: product,
    add: [],
    remove: [],
    update: [{ ...failed, ...OWED, status: 'pending' }],
    owe: [0]
  })
  t.equal(retryFailed(record([doneRow('a'), pendingRow('b')])), null)
})

t.test('to start over makes every row new, for new keys', async (t) => {
  const rows = [doneRow('a'), failedRow('b'), pendingRow('c')]
  const product = record(rows, { product_images: [url('b'), url('a'), url('b'), url('c')] })
  t.strictSame(startOver(product), {
    fields: product,
    add: [url('b'), url('a'), url('c')],
    remove: rows,
    update: [],
    owe: [0]
  })
  t.equal(startOver(record([])), null)
})

t.test('of two who try an image at the same time and fail, one counts', async (t) => {
  const read_at = new Date('2026-01-01T00:00:00Z')
  const row = pendingRow('a', { attempts: 1, due_at: '2026-01-01T00:00:02.5+00:00' })
  const product = record([row], { read_at })
  const outcomes: Outcome[] = [
    { status: 'retry', code: 'timeout', detail: 'Too slow.', wait_ms: 1000 },
    { status: 'failed', code: 'timeout', detail: 'Too slow.' },
    { status: 'interrupted', wait_ms: 0 },
    { status: 'snoozed', wait_ms: 2000 }
  ]
  for (const outcome of outcomes) t.equal(finish(product, new Map([[row.id, outcome]])), null, outcome.status)
  t.match(finish(product, new Map([[row.id, DONE]])), { update: [{ status: 'done', attempts: 2 }] })
})
