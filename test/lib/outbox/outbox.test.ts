import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { needsServices } from '../../support/servers/needs.ts'

const HOUR = 3_600_000

/** Ids of new rows that come due in so many milliseconds, each for a product of its own. */
async function owe(pool: Pool, ...waits: number[]): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO outbox (kind, product_id, due_at)
     SELECT 'images', n, now() + wait * interval '1 ms' FROM unnest($1::float8[]) WITH ORDINALITY AS w (wait, n) RETURNING id`,
    [waits]
  )
  return rows.map(({ id }) => id)
}

const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id).sort()

/** What every database that holds an outbox has to do. */
function conformance(t: Test, { pool, another }: Database): void {
  const outbox = new Outbox(pool)
  const other = new Outbox(another)
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))

  t.test('what is due is claimed, what is not yet due is not', async (t) => {
    const [due] = await owe(pool, -1, HOUR)
    const rows = await outbox.claim('images', 10, HOUR)
    t.same(rows, [
      {
        id: due,
        kind: 'images',
        product_id: 1,
        payload: {},
        claims: 1,
        user_id: null,
        product_images: null
      }
    ])
  })

  t.test('a claim brings the owner and the images of the product along', async (t) => {
    const { rows: products } = await pool.query<{ id: number }>(
      `INSERT INTO products (user_id, product_name, product_price, product_images, version)
       VALUES (1, 'lamp', 1, ARRAY['http://a.test/1.jpg', NULL], 1) RETURNING id`
    )
    const product_id = products[0]?.id
    await pool.query(`INSERT INTO outbox (kind, product_id) VALUES ('images', $1)`, [product_id])
    const [row] = await outbox.claim('images', 1, HOUR)
    t.match(row, { product_id, user_id: 1, product_images: ['http://a.test/1.jpg'] })
  })

  t.test('kinds do not see each other', async (t) => {
    await owe(pool, -1)
    t.same(await outbox.claim('object', 10, HOUR), [])
    t.equal(await outbox.nextDueMs('object'), null)
  })

  t.test('a claimed row is nobody else’s while its lease lasts', async (t) => {
    await owe(pool, -1)
    t.equal((await outbox.claim('images', 10, HOUR)).length, 1)
    t.same(await other.claim('images', 10, HOUR), [])
  })

  t.test('the longest due come first, as many as are asked for', async (t) => {
    const ids = await owe(pool, -1, -3000, -2000)
    t.same(idsOf(await outbox.claim('images', 2, HOUR)), [ids[1], ids[2]].sort())
  })

  t.test('a row whose lease is over is claimed again, and its claims are counted', async (t) => {
    await owe(pool, -1)
    await outbox.claim('images', 1, 0)
    const [again] = await other.claim('images', 1, HOUR)
    t.equal(again?.claims, 2)
  })

  t.test('a renewed row stays where it is', async (t) => {
    const [id = ''] = await owe(pool, -1)
    await outbox.claim('images', 1, 0)
    await outbox.renew([{ id, claims: 1 }], HOUR)
    t.same(await other.claim('images', 1, HOUR), [])
  })

  t.test('a row that is given back is due at once, and the claim does not count', async (t) => {
    const [id = ''] = await owe(pool, -1)
    await outbox.claim('images', 1, HOUR)
    await outbox.release([{ id, claims: 1 }])
    t.match(await other.claim('images', 1, HOUR), [{ id, claims: 1 }])
  })

  t.test('who is alone with the database takes back what a dead process had in hand', async (t) => {
    const [held, later] = await owe(pool, -1, HOUR)
    await outbox.claim('images', 1, HOUR)
    await other.reclaim()
    t.match(await other.claim('images', 10, HOUR), [{ id: held, claims: 2 }])
    t.not(held, later)
  })

  t.test('a postponed row comes due later, and the claim counts', async (t) => {
    const [id = ''] = await owe(pool, -1)
    await outbox.claim('images', 1, HOUR)
    await outbox.renew([{ id, claims: 1 }], HOUR)
    t.same(await other.claim('images', 1, HOUR), [])
    await outbox.renew([{ id, claims: 1 }], 0)
    t.match(await other.claim('images', 1, HOUR), [{ id, claims: 2 }])
  })

  t.test('what is done is gone', async (t) => {
    const ids = await owe(pool, -1, -1)
    await outbox.done(ids.map((id) => ({ id, claims: 0 })))
    t.same(await outbox.claim('images', 10, HOUR), [])
    t.equal(await outbox.nextDueMs('images'), null)
  })

  t.test('it is known when the next row comes due', async (t) => {
    await owe(pool, HOUR, 2 * HOUR)
    const ms = await outbox.nextDueMs('images')
    t.ok(ms !== null && ms > 0 && ms <= HOUR, `${ms} ms`)
  })

  t.test('many claimers at once share the rows, and no two get the same one', async (t) => {
    const ids = await owe(pool, ...new Array<number>(200).fill(-1))
    const claims = Array.from({ length: 20 }, (_, i) => (i % 2 ? outbox : other).claim('images', 15, HOUR))
    const claimed = (await Promise.all(claims)).flat()
    t.equal(new Set(idsOf(claimed)).size, claimed.length, 'no row twice')
    const rest = await outbox.claim('images', 1000, HOUR)
    t.same(idsOf([...claimed, ...rest]), [...ids].sort(), 'every row once')
  })
}

t.test('in PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('in PostgreSQL', needsServices, async (t) => {
  const database = await realDatabase(t)
  conformance(t, database)

  t.test('a row that a transaction holds is passed over, not waited for', async (t) => {
    const outbox = new Outbox(database.pool)
    const [held, free] = await owe(database.pool, -2000, -1)
    const client = await database.another.connect()
    await client.query('BEGIN')
    await client.query('SELECT FROM outbox WHERE id = $1 FOR UPDATE', [held])
    t.same(idsOf(await outbox.claim('images', 10, HOUR)), [free])
    await client.query('ROLLBACK')
    client.release()
    t.same(idsOf(await outbox.claim('images', 10, HOUR)), [held])
  })
})

t.test('what was asked while nothing was owed does not read all that is owed later', async (t) => {
  const { pool } = await embeddedDatabase(t)
  const outbox = new Outbox(pool)
  await pool.query('VACUUM ANALYZE outbox')
  // PostgreSQL keeps the plan of a prepared statement after five times.
  for (let time = 0; time < 8; time++) {
    await outbox.claim('images', 1, HOUR)
    await outbox.nextDueMs('images')
  }
  await owe(pool, ...Array.from({ length: 2000 }, () => -1))
  await pool.query('BEGIN')
  const before = await rowsRead(pool)
  await outbox.claim('images', 1, HOUR)
  await outbox.nextDueMs('images')
  t.ok((await rowsRead(pool)) - before < 20)
  await pool.query('ROLLBACK')
})

/** Rows of the outbox that this transaction has read. */
async function rowsRead(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ read: string }>(
    `SELECT pg_stat_get_xact_tuples_returned('outbox'::regclass) AS read`
  )
  return Number(rows[0]?.read)
}
