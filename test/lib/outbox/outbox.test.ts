import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { enqueue, rowsLeft } from '../../support/outbox.ts'
import { needsServices } from '../../support/servers/needs.ts'

const HOUR = 3_600_000

const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id).sort()

async function claimOne(outbox: Outbox, leaseMs: number) {
  const [row] = await outbox.claim('images', 1, leaseMs)
  if (!row) throw new Error('no row is due')
  return row
}

/** Claims what is due, that is moved to the due rows at the end of its wait included. */
async function claimAll(outbox: Outbox) {
  const first = await outbox.claim('images', 1000, HOUR)
  return [...first, ...(await outbox.claim('images', 1000, HOUR))]
}

/** What every database that holds an outbox has to do. */
function conformance(t: Test, { pool, another }: Database): void {
  const outbox = new Outbox(pool)
  const other = new Outbox(another)
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))

  t.test('a due row is claimed, one that is due in the future is not', async (t) => {
    const [due] = await enqueue(pool, { waitMs: -1 })
    await enqueue(pool, { waitMs: HOUR })
    t.same(await claimAll(outbox), [
      {
        id: due,
        kind: 'images',
        product_id: 1,
        payload: {},
        claims: 1,
        user_id: 1,
        product_images: null
      }
    ])
  })

  t.test('a claim includes the images of the product', async (t) => {
    const { rows: products } = await pool.query<{ id: number }>(
      `INSERT INTO products (user_id, product_name, product_price, product_images, version)
       VALUES (1, 'lamp', 1, ARRAY['http://a.test/1.jpg', NULL], 1) RETURNING id`
    )
    const product_id = products[0]?.id
    await pool.query(`INSERT INTO outbox (kind, user_id, product_id) VALUES ('images', 1, $1)`, [product_id])
    const [row] = await outbox.claim('images', 1, HOUR)
    t.match(row, { product_id, user_id: 1, product_images: ['http://a.test/1.jpg'] })
  })

  t.test('each kind has its own rows', async (t) => {
    await enqueue(pool)
    t.same(await outbox.claim('object', 10, HOUR), [])
    t.equal(await outbox.nextDueMs('object'), null)
  })

  t.test('a claimed row has one holder while its lease lasts', async (t) => {
    await enqueue(pool)
    t.equal((await outbox.claim('images', 10, HOUR)).length, 1)
    t.same(await claimAll(other), [])
  })

  t.test('the rows of a user that have been due longest come first', async (t) => {
    await enqueue(pool, { waitMs: -1 })
    const old = [...(await enqueue(pool, { waitMs: -3000 })), ...(await enqueue(pool, { waitMs: -2000 }))]
    t.same(idsOf(await outbox.claim('images', 2, HOUR)), old.sort())
  })

  t.test('a row whose lease has ended is claimed again, and its claims are counted', async (t) => {
    await enqueue(pool)
    await claimOne(outbox, 0)
    t.match(await claimAll(other), [{ claims: 2 }])
  })

  t.test('a renewed row keeps its holder', async (t) => {
    await enqueue(pool)
    const row = await claimOne(outbox, 0)
    await outbox.renew([{ ...row, forMs: HOUR }])
    t.same(await claimAll(other), [])
  })

  t.test('each row is renewed for a time of its own', async (t) => {
    const [short, long] = await enqueue(pool, { count: 2 })
    const rows = await outbox.claim('images', 2, HOUR)
    await outbox.renew(rows.map((row) => ({ ...row, forMs: row.id === short ? 0 : HOUR })))
    t.same(idsOf(await claimAll(other)), [short])
    t.not(short, long)
  })

  t.test('a released row is due at once, and the claim does not count', async (t) => {
    await enqueue(pool)
    const row = await claimOne(outbox, HOUR)
    await outbox.release([row])
    t.match(await other.claim('images', 1, HOUR), [{ id: row.id, claims: 1 }])
  })

  t.test('a row that is done is deleted', async (t) => {
    await enqueue(pool, { count: 2 })
    await outbox.done(await outbox.claim('images', 10, HOUR))
    t.same(await rowsLeft(pool), [])
    t.equal(await outbox.nextDueMs('images'), null)
  })

  t.test('a claim that has ended changes nothing any more', async (t) => {
    await enqueue(pool)
    const ended = await claimOne(outbox, 0)
    t.match(await claimAll(other), [{ claims: 2 }])
    await outbox.done([ended])
    await outbox.release([ended])
    await outbox.renew([{ ...ended, forMs: 0 }])
    t.same(await rowsLeft(pool), [{ claims: 2, due: false }])
  })

  t.test('a process that is alone with the database ends the leases of one that died', async (t) => {
    await enqueue(pool)
    const { id } = await claimOne(outbox, HOUR)
    await enqueue(pool, { waitMs: HOUR })
    await other.reclaim()
    t.match(await claimAll(other), [{ id, claims: 2 }])
  })

  t.test('rows that no process works on are discarded after a time', async (t) => {
    await enqueue(pool, { kind: 'webhook', count: 2, waitMs: -2 * HOUR })
    const [fresh] = await enqueue(pool, { kind: 'webhook', waitMs: -1 })
    const discarded = await outbox.discard('webhook', HOUR)
    t.equal(discarded, 2)
    t.same(idsOf(await outbox.claim('webhook', 10, HOUR)), [fresh])
  })

  t.test('a backlog that another process works on is not discarded', async (t) => {
    await enqueue(pool, { kind: 'webhook', count: 2, waitMs: -2 * HOUR })
    await other.claim('webhook', 1, HOUR)
    t.equal(await outbox.discard('webhook', HOUR), 0)
    t.equal((await rowsLeft(pool)).length, 2)
  })

  t.test('the time until the next row comes due is known', async (t) => {
    await enqueue(pool, { waitMs: 2 * HOUR })
    await enqueue(pool, { waitMs: HOUR })
    const ms = await outbox.nextDueMs('images')
    t.ok(ms !== null && ms > 0 && ms <= HOUR, `${ms} ms`)
    await enqueue(pool, { waitMs: -1 })
    const dueMs = await outbox.nextDueMs('images')
    t.ok(dueMs !== null && dueMs <= 0, `${dueMs} ms`)
  })

  t.test('claims at the same time share the rows, and no two get the same one', async (t) => {
    const ids = await enqueue(pool, { count: 200 })
    const claims = Array.from({ length: 20 }, (_, i) => (i % 2 ? outbox : other).claim('images', 15, HOUR))
    const claimed = (await Promise.all(claims)).flat()
    t.equal(new Set(idsOf(claimed)).size, claimed.length, 'no row twice')
    t.same(idsOf([...claimed, ...(await claimAll(outbox))]), [...ids].sort(), 'every row once')
  })
}

t.test('in PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('in PostgreSQL', needsServices, async (t) => {
  const database = await realDatabase(t)
  conformance(t, database)

  t.test('a row that another transaction has locked is left out, not waited for', async (t) => {
    const outbox = new Outbox(database.pool)
    const [locked, free] = await enqueue(database.pool, { count: 2 })
    const client = await database.another.connect()
    await client.query('BEGIN')
    await client.query('SELECT FROM outbox WHERE id = $1 FOR UPDATE', [locked])
    t.same(idsOf(await outbox.claim('images', 10, HOUR)), [free])
    await client.query('ROLLBACK')
    client.release()
    t.same(idsOf(await outbox.claim('images', 10, HOUR)), [locked])
  })
})

t.test('statements that ran while the outbox was empty do not read all of it when it is full', async (t) => {
  const { pool } = await embeddedDatabase(t)
  const outbox = new Outbox(pool)
  await pool.query('VACUUM ANALYZE outbox')
  // PostgreSQL keeps the plan of a prepared statement after five times.
  for (let time = 0; time < 8; time++) {
    await outbox.done(await outbox.claim('images', 1, HOUR))
    await outbox.done([{ id: '1', claims: 1 }])
    await outbox.nextDueMs('images')
  }
  await enqueue(pool, { count: 2000 })
  await pool.query('BEGIN')
  const before = await rowsRead(pool)
  await outbox.done(await outbox.claim('images', 1, HOUR))
  await outbox.nextDueMs('images')
  t.ok((await rowsRead(pool)) - before < 20)
  await pool.query('ROLLBACK')
})

/** Rows of the outbox, and entries of its indexes, that this transaction has read. */
async function rowsRead(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ read: string }>(
    `SELECT sum(pg_stat_get_xact_tuples_returned(relation)) AS read FROM (
       SELECT 'outbox'::regclass UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = 'outbox'::regclass
     ) AS relations (relation)`
  )
  return Number(rows[0]?.read)
}
