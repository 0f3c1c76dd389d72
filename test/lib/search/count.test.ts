import t, { type Test } from 'tap'
import { countImages, type ImageCount } from '../../../lib/search/count.ts'
import type { ImageFilter } from '../../../lib/search/schemas.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'

const FAILURES = 20_000

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t), false))
t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t), true))

/** @param cancels whether the database ends a statement that takes too long */
async function conformance(t: Test, { pool }: Database, cancels: boolean): Promise<void> {
  const count = (filter: ImageFilter, ms: number) => countImages(pool, filter, { at: new Date(), ms })
  await pool.query(
    `WITH product AS (INSERT INTO products (user_id, product_name, product_price, version)
       VALUES (1, 'Lamp', 1, 1) RETURNING id)
     INSERT INTO product_images (product_id, source_url, status, error_code, error_detail)
     SELECT id, 'https://img' || n % 10 || '.shop.example/' || n, 'failed', 'timeout', 'Too slow.'
     FROM product, generate_series(1, $1::integer) AS n`,
    [FAILURES]
  )

  t.test('with enough time the number is exact', async (t) => {
    const filters: [ImageFilter, number][] = [
      [{ text: 'slow' }, FAILURES],
      [{ text: 'slow', host: 'img3.shop.example' }, FAILURES / 10],
      [{ user_id: 1, text: 'SLOW' }, FAILURES],
      [{ text: '' }, FAILURES],
      [{ text: 'fast' }, 0]
    ]
    for (const [filter, images] of filters)
      t.strictSame(await count(filter, 60_000), { images, is_exact: true }, JSON.stringify(filter))
  })

  t.test('without enough time at least as many match', async (t) => {
    const counts: ImageCount[] = []
    for (let ms = 1; !counts.at(-1)?.is_exact; ms++) counts.push(await count({ text: 'slow' }, ms))
    t.strictSame(counts.pop(), { images: FAILURES, is_exact: true })
    t.ok(counts.some(({ images }) => images > 0))
    t.ok(counts.every(({ images }) => images <= FAILURES))
    if (cancels) t.strictSame(await count({ text: 'fast' }, 1), { images: 0, is_exact: false })
    t.strictSame(await count({ status: 'failed' }, 1), { images: FAILURES, is_exact: true }, 'or it is kept')
  })
}
