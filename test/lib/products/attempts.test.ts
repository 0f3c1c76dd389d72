import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { readAttempts, removeOldAttempts } from '../../../lib/products/attempts.ts'
import type { ProductRecord } from '../../../lib/products/record.ts'
import type { ProductStore } from '../../../lib/products/store.ts'
import { buildTestApp } from '../../support/app.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

const REPORT = {
  ms: 900,
  stages: { dns_ms: 3, connect_ms: 20 },
  responses: [{ url: 'https://a.example/1.jpg', status: 404, address: '192.0.2.7', kept: false }]
}
const MISSING = {
  outcome: 'failed',
  code: 'http_status',
  detail: 'The origin responds with status 404.',
  ...REPORT,
  stages: {
    ...{ dns_ms: 3, connect_ms: 20, headers_ms: null, body_ms: null },
    ...{ core_wait_ms: null, compress_ms: null, upload_ms: null }
  }
}
const SOURCES = ['https://a.example/1.jpg', 'https://a.example/2.jpg']

t.test('on PGlite', async (t) => conformance(t, {}))
t.test('on PostgreSQL', needsServices, async (t) =>
  conformance(t, { DATABASE_URL: await (await sharedPostgres(t)).createDatabase() })
)

async function conformance(t: Test, variables: Record<string, string>): Promise<void> {
  const { products, pg, controls } = await buildTestApp(t, variables)
  const { pool } = pg
  const pause = { kind: 'intake', subject: '', rule: 'pause', places: null, reason: null } as const
  await controls.put(pause, 'test')

  const history = async ({ id, images }: ProductRecord, nth: number) => {
    const attempts = await readAttempts(pool, id, images[nth]?.id ?? '')
    return attempts.map(({ at, ...attempt }) => attempt)
  }

  await t.test('an image has its own attempts, those that an older process wrote, too', async (t) => {
    const product = await failedProduct(products)
    t.strictSame([await history(product, 0), await history(product, 1)], [[MISSING], [MISSING]])
    t.equal((await pool.query('SELECT FROM attempts')).rowCount, 1, 'a job writes one row')
    await insertAsBefore(pool, product)
    t.strictSame(await history(product, 0), [{ ...MISSING, outcome: 'retry' }, MISSING])
    t.strictSame(await history(product, 1), [MISSING])
  })

  await t.test('attempts end with their image, those of others stay', async (t) => {
    const product = await failedProduct(products)
    await insertAsBefore(pool, product)
    const [, kept = ''] = SOURCES
    await products.update({ id: product.id }, { product_name: 'Lamp', product_images: [kept] })
    t.strictSame([await history(product, 0), await history(product, 1)], [[], [MISSING]])
    const { rows } = await pool.query(`SELECT now() - at < interval '1 hour' AS recent FROM attempts
      WHERE product_id = ${product.id}`)
    t.strictSame(rows, [{ recent: true }])
  })

  await t.test('attempts end with their product, also if the Go service deletes it', async (t) => {
    const mine = await failedProduct(products)
    const others = await failedProduct(products)
    await products.delete({ id: mine.id })
    await pool.query('DELETE FROM products WHERE id = $1', [others.id])
    t.strictSame([await history(mine, 0), await history(others, 0)], [[], []])
    const ids = [mine.id, others.id]
    t.equal((await pool.query('SELECT FROM attempts WHERE product_id = ANY ($1)', [ids])).rowCount, 0)
  })

  await t.test('attempts are removed after 30 days, a part at a time', async (t) => {
    await pool.query(`UPDATE attempts SET at = now() - interval '29 days'`)
    t.equal(await removeOldAttempts(pool, 100), 0)
    const { rowCount } = await pool.query(`UPDATE attempts SET at = now() - interval '31 days'`)
    t.equal(await removeOldAttempts(pool, 2), 2)
    t.equal(await removeOldAttempts(pool, 100), (rowCount ?? 0) - 2)
  })
}

/** A product whose two images have failed in one job. */
async function failedProduct(products: ProductStore): Promise<ProductRecord> {
  const id = await products.create({ user_id: 1, product_name: 'Lamp', product_images: SOURCES })
  const product = await products.load(id)
  if (!product) throw new Error('The product was not created')
  product.images.sort((a, b) => a.source_url.localeCompare(b.source_url))
  const { detail } = MISSING
  const outcome = { status: 'failed', code: 'http_status', detail } as const
  await products.background.finish(
    product,
    product.images.map((image) => ({ image, outcome, report: REPORT }))
  )
  return product
}

/** What a process of an earlier version writes of the first image. */
async function insertAsBefore(pool: Pool, { id, images }: ProductRecord): Promise<void> {
  const { code, detail } = MISSING
  await pool.query(
    `INSERT INTO attempts (product_id, image_id, outcome, code, detail, ms, stages, responses)
     VALUES ($1, $2, 'retry', $3, $4, $5, $6, $7)`,
    [id, images[0]?.id, code, detail, REPORT.ms, REPORT.stages, JSON.stringify(REPORT.responses)]
  )
}
