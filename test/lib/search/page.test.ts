import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { inTransaction } from '../../../lib/database/transaction.ts'
import { MAX_EXAMINED, type PageOptions, readPage } from '../../../lib/search/page.ts'
import type { Place } from '../../../lib/search/place.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))
t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))

async function conformance(t: Test, { pool }: Database): Promise<void> {
  t.test('a search without an index goes on where a page has examined enough', async (t) => {
    await insert(pool, 'rare.example', 3)
    await insert(pool, 'other.example', 2 * MAX_EXAMINED)
    t.strictSame(await search(pool, 'rare.example'), [
      [],
      [],
      ['rare.example', 'rare.example'],
      ['rare.example']
    ])
    t.strictSame(await search(pool, 'nowhere.example'), [[], [], []])
  })
}

/** Resolves with the hosts that each page of two has. */
async function search(pool: Pool, host: string): Promise<string[][]> {
  const pages: string[][] = []
  for (let after: Place | null | undefined; after !== null; ) {
    const options: PageOptions = { columns: 'i.source_url', after: after ?? null, limit: 2, at: new Date() }
    const page = await inTransaction(pool, (client) => readPage<Found>(client, { host }, options))
    pages.push(page.rows.map(({ source_url }) => new URL(source_url).host))
    after = page.next
  }
  return pages
}

interface Found {
  source_url: string
}

/** Inserts a product with so many images. */
async function insert(pool: Pool, host: string, count: number): Promise<void> {
  await pool.query(
    `WITH product AS (INSERT INTO products (user_id, product_name, product_price, version)
       VALUES (1, 'Lamp', 1, 1) RETURNING id)
     INSERT INTO product_images (product_id, source_url)
     SELECT id, 'https://' || $1 || '/' || n FROM product, generate_series(1, $2::integer) AS n`,
    [host, count]
  )
}
