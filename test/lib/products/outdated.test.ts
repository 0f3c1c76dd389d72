import { Readable } from 'node:stream'
import t from 'tap'
import { parseRenditions } from '../../../lib/image/rendition.ts'
import { isCurrent } from '../../../lib/products/current.ts'
import { countOutdated, outdatedProducts, productsToPrune } from '../../../lib/products/outdated.ts'
import { pruneRenditions, remakeOutdated } from '../../../lib/products/outdated-changes.ts'
import type { ImageRow, StoredRendition } from '../../../lib/products/record.ts'
import { embeddedDatabase } from '../../support/database.ts'
import { doneRow, failedRow, pendingRow, record } from '../../support/rows.ts'

const wanted = { renditions: parseRenditions('thumb:32x32,format=webp;wide:64x'), placeholders: false }

const made = (name: string, definition: string): StoredRendition => ({
  key: `products/7/${name}.webp`,
  url: '',
  width: 8,
  height: 6,
  bytes: 9,
  definition
})
const THUMB = made('thumb', '32x32,fit=inside,format=webp,quality=82')
const WIDE = made('wide', '64x,fit=inside,format=jpeg,quality=75')
const GONE = made('gone', '1x,fit=inside,format=png')

const current: ImageRow = { ...doneRow('current'), renditions: { thumb: THUMB, wide: WIDE } }
const withGone: ImageRow = { ...doneRow('gone'), renditions: { ...current.renditions, gone: GONE } }
const redefined: ImageRow = {
  ...doneRow('redefined'),
  renditions: { thumb: { ...THUMB, definition: '16x' }, wide: WIDE, gone: GONE }
}
const lacking: ImageRow = { ...doneRow('lacking'), renditions: { wide: WIDE } }
const ROWS = [current, withGone, redefined, lacking, failedRow('failed'), pendingRow('pending')]

const names = (rows: { id: string }[] = []) => rows.map(({ id }) => id)

t.test('images without a result of today’s definitions are made again as bulk work', async (t) => {
  const change = remakeOutdated(record(ROWS), wanted)
  t.match(change, { isBulk: true, enqueue: [0], add: [], remove: [] })
  t.strictSame(names(change?.update), ['row-redefined', 'row-lacking'])
  t.equal(remakeOutdated(record([current, withGone]), wanted), null)
  t.equal(isCurrent(current, { ...wanted, placeholders: true }), false)
})

t.test('renditions that are no longer defined go, others stay', async (t) => {
  const change = pruneRenditions(record(ROWS), ['thumb', 'wide'])
  t.match(change, { enqueue: [], add: [], remove: [] })
  t.strictSame(
    change?.update.map(({ id, status, renditions }) => [id, status, renditions]),
    [
      ['row-gone', 'done', current.renditions],
      ['row-redefined', 'done', { thumb: redefined.renditions.thumb, wide: WIDE }]
    ]
  )
  t.equal(pruneRenditions(record([current]), ['thumb', 'wide']), null)
})

t.test('the database counts and finds the same images', async (t) => {
  const { pool } = await embeddedDatabase(t)
  for (const [id, rows] of [ROWS, [current], [redefined]].entries()) {
    await pool.query(
      `INSERT INTO products (id, user_id, product_name, product_price, version) VALUES ($1, 1, 'Lamp', 1, 1)`,
      [id + 1]
    )
    for (const { status, object_key, renditions, source_url } of rows)
      await pool.query(
        `INSERT INTO product_images (product_id, source_url, status, object_key, renditions)
          VALUES ($1, $2, $3, $4, $5)`,
        [id + 1, source_url, status, object_key, renditions]
      )
  }
  t.strictSame(await countOutdated(pool, wanted), {
    done: 6,
    outdated: 3,
    redefined: 2,
    withoutOriginal: 3,
    withGone: 3,
    gone: 3
  })
  t.match(await countOutdated(pool, { ...wanted, placeholders: true }), { outdated: 6 })
  t.strictSame(await Readable.from(outdatedProducts(pool, wanted, 1)).toArray(), [[1], [3]])
  t.strictSame(await Readable.from(productsToPrune(pool, wanted, 5)).toArray(), [[1, 3]])
})
