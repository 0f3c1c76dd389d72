import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { readHistory } from '../../../lib/figures/history.ts'
import { writeMinute } from '../../../lib/figures/minute.ts'
import { readOverview } from '../../../lib/figures/overview.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { enqueue } from '../../support/outbox.ts'
import { needsServices } from '../../support/servers/needs.ts'

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))
t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))

async function conformance(t: Test, { pool, another }: Database): Promise<void> {
  const figures = async () => {
    const { images, time_to_done } = await readOverview(pool)
    return { ...images, time_to_done }
  }

  t.test('an empty database has nothing', async (t) => {
    const { at, ...overview } = await readOverview(pool)
    t.match(at, /^\d{4}-.*Z$/)
    t.strictSame(overview, {
      images: { ...NONE },
      rates: { created_per_s: 0, done_per_s: 0, failed_per_s: 0 },
      last_hour: { done: 0, failed: 0 },
      time_to_done: { p50_ms: null, p95_ms: null, images: 0 },
      oldest_due_s: null,
      outbox: ['images', 'object', 'webhook', 'action'].flatMap((kind) =>
        ['interactive', 'bulk'].map((of) => ({ kind, class: of, ...NO_ROWS }))
      )
    })
  })

  t.test('every way in which images come, change and go is counted, added up or not', async (t) => {
    const time_to_done = { p50_ms: 8_817_438, p95_ms: 10_305_621, images: 2 }
    for (const isAddedUp of [false, true]) {
      await pool.query('TRUNCATE products, image_events, image_counts, history CASCADE')
      const then = async (expected: object) => {
        if (isAddedUp) await nextMinute(pool)
        t.match(await figures(), { ...NONE, ...expected })
        t.strictSame(await kept(pool), await actual(pool))
      }
      await createImages(pool, 5)
      await then({ pending: 5 })
      await set(pool, 1, `attempts = 1, error_code = 'timeout'`)
      await then({ pending: 5, retrying_by_code: { timeout: 1 } })
      await pool.query(`UPDATE product_images SET enqueued_at = now() - interval '1 day'`)
      await set(pool, 3, `status = 'failed', error_code = 'http_status'`)
      await set(pool, 2, `status = 'done', error_code = NULL`, 'pending')
      await then({ done: 2, failed: 3, failed_by_code: { http_status: 3 }, time_to_done })
      await set(pool, 1, `status = 'pending', error_code = NULL`, 'failed')
      await then({ pending: 1, done: 2, failed: 2, failed_by_code: { http_status: 2 }, time_to_done })
      await pool.query(`DELETE FROM products`)
      await then({ time_to_done })
      t.strictSame((await readOverview(pool)).last_hour, { done: 2, failed: 3 })
      await nextMinute(pool)
      t.strictSame(await flows(pool), { created: 5, done: 2, failed: 3 })
    }
  })

  t.test('writes of the Go service are counted', async (t) => {
    const before = await figures()
    const { rows } = await pool.query<{ id: number }>(
      `INSERT INTO products (user_id, product_name, product_price, product_images)
        VALUES (1, 'Lamp', 1, '{https://a.example/1.jpg}') RETURNING id`
    )
    t.equal((await figures()).pending, before.pending + 1)
    await pool.query(
      `UPDATE products SET compressed_product_images = '{https://b.example/1.jpg}' WHERE id = $1`,
      [rows[0]?.id]
    )
    t.equal((await figures()).done, before.done + 1)
    t.strictSame(await kept(pool), await actual(pool))
  })

  t.test('of processes that write the same minute one does it, while others write images', async (t) => {
    await nextMinute(pool)
    await pool.query('DELETE FROM history')
    const writers = Array.from({ length: 8 }, (_, n) => writeMinute(n % 2 ? pool : another))
    const creates = Array.from({ length: 20 }, (_, n) => createImages(n % 2 ? pool : another, 3))
    await Promise.all(creates)
    t.equal((await Promise.all(writers)).filter(Boolean).length, 1)
    t.strictSame(await kept(pool), await actual(pool))
  })

  t.test('a minute shows what was due in it, and days that are gone are removed', async (t) => {
    await pool.query(`INSERT INTO history (minute) VALUES (now() - interval '25 hours')`)
    await nextMinute(pool)
    const minutes = await readHistory(pool, new Date(0))
    const last = minutes.at(-1)
    t.match(last, { pending: (await figures()).pending, oldest_due_s: Number })
    t.equal((await pool.query('SELECT FROM history')).rowCount, minutes.length)
    t.strictSame(await readHistory(pool, new Date(Date.now() + 120_000)), [])
  })

  t.test('outbox rows are counted by kind and class, up to a limit', async (t) => {
    await pool.query('DELETE FROM outbox')
    await enqueue(pool, { count: 10_003, class: 1, waitMs: -5000 })
    await enqueue(pool, { count: 2, waitMs: 60_000 })
    await pool.query(`UPDATE outbox SET scheduled = true, due_at = now() - interval '1 min' WHERE id =
      (SELECT max(id) FROM outbox)`)
    const [interactive, bulk] = (await readOverview(pool)).outbox
    t.match(interactive, { kind: 'images', class: 'interactive', due: 1, waiting: 1, is_capped: false })
    t.ok((interactive?.oldest_due_s ?? 0) >= 60)
    t.match(bulk, { kind: 'images', class: 'bulk', due: 10_000, waiting: 0, is_capped: true })
  })
}

const NONE = { pending: 0, done: 0, failed: 0, failed_by_code: {}, retrying_by_code: {} }
const NO_ROWS = { due: 0, waiting: 0, oldest_due_s: null, is_capped: false }

async function createImages(pool: Pool, count: number): Promise<void> {
  await pool.query(
    `WITH product AS (INSERT INTO products (user_id, product_name, product_price, version)
      VALUES (1, 'Lamp', 1, 1) RETURNING id)
     INSERT INTO product_images (product_id, source_url)
     SELECT id, 'https://a.example/' || n FROM product, generate_series(1, $1::integer) AS n`,
    [count]
  )
}

/** Sets columns of some images. */
async function set(pool: Pool, count: number, columns: string, status = 'pending'): Promise<void> {
  await pool.query(
    `UPDATE product_images SET ${columns} WHERE id = ANY (ARRAY(
       SELECT id FROM product_images WHERE status = $2 ORDER BY source_url LIMIT $1))`,
    [count, status]
  )
}

/** Adds up, although this minute's row may be written already. */
async function nextMinute(pool: Pool): Promise<void> {
  await pool.query('UPDATE history SET pending = NULL')
  await writeMinute(pool)
}

async function kept(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query(
    `SELECT status, code, sum(n)::integer AS n FROM (
       SELECT status, code, n FROM image_counts UNION ALL SELECT status, code, n FROM image_events
     ) AS c GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2`
  )
  return rows
}

async function actual(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query(
    `SELECT status, coalesce(error_code, '') AS code, count(*)::integer AS n FROM product_images GROUP BY 1, 2
      ORDER BY 1, 2`
  )
  return rows
}

async function flows(pool: Pool): Promise<unknown> {
  const { rows } = await pool.query(
    `SELECT sum(created)::integer AS created, sum(done)::integer AS done, sum(failed)::integer AS failed FROM history`
  )
  return rows[0]
}
