import type { Pool, PoolClient } from 'pg'
import t, { type Test } from 'tap'
import { withValues } from '../../../lib/database/statement.ts'
import { claimed } from '../../../lib/outbox/diagnostics.ts'
import { CLAIM, Outbox } from '../../../lib/outbox/outbox.ts'
import type { OutboxRow } from '../../../lib/outbox/row.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { enqueue } from '../../support/outbox.ts'
import { needsServices } from '../../support/servers/needs.ts'

const HOUR = 3_600_000

const usersOf = (rows: OutboxRow[]) => rows.map(({ user_id }) => user_id)
const countOf = (rows: OutboxRow[], user: number) => usersOf(rows).filter((id) => id === user).length

/** Which user gets a turn, on every database. */
function fairness(t: Test, { pool }: Database): void {
  t.beforeEach(async () => void (await pool.query('TRUNCATE outbox')))

  t.test('the one row of a user is in the first claim, however many rows another one has', async (t) => {
    await enqueue(pool, { count: 10_000, user_id: 7, waitMs: -HOUR })
    await enqueue(pool, { user_id: 9 })
    const rows = await new Outbox(pool).claim('images', 48, HOUR)
    t.equal(countOf(rows, 9), 1)
    t.equal(countOf(rows, 7), 24)
  })

  t.test('a user that is alone gets every place', async (t) => {
    await enqueue(pool, { count: 100, user_id: 7 })
    t.equal((await new Outbox(pool).claim('images', 48, HOUR)).length, 48)
  })

  t.test('of a user at the limit nothing is claimed, of one below it what is missing', async (t) => {
    for (const user_id of [7, 8, 9]) await enqueue(pool, { count: 100, user_id })
    const running = new Map([
      [7, 36],
      [8, 30]
    ])
    const rows = await new Outbox(pool).claim('images', 48, HOUR, { max: 36, running })
    t.same(
      [7, 8, 9].map((user) => countOf(rows, user)),
      [0, 6, 16]
    )
  })

  t.test('the limit of a user is one for interactive and bulk rows together', async (t) => {
    await enqueue(pool, { count: 100, user_id: 7 })
    await enqueue(pool, { count: 100, user_id: 7, class: 1 })
    for (const max of [5, 1]) {
      const rows = await new Outbox(pool).claim('images', 48, HOUR, { max, running: new Map() })
      t.equal(rows.length, max)
    }
  })

  t.test('users at the limit do not keep the places of a claim from the others', async (t) => {
    for (const user_id of [7, 8, 9]) await enqueue(pool, { count: 10, user_id })
    const outbox = new Outbox(pool)
    const running = new Map([
      [7, 2],
      [9, 2]
    ])
    const rows: OutboxRow[] = []
    for (let claim = 0; claim < 6; claim++)
      rows.push(...(await outbox.claim('images', 1, HOUR, { max: 2, running })))
    t.ok(rows.length >= 2, `${rows.length} of 6 claims found a row`)
    t.same(new Set(usersOf(rows)), new Set([8]))
  })

  t.test('claims of one place take the users in turn', async (t) => {
    for (const user_id of [3, 5, 9]) await enqueue(pool, { count: 10, user_id })
    const outbox = new Outbox(pool)
    const turns: OutboxRow[] = []
    for (let claim = 0; claim < 9; claim++) turns.push(...(await outbox.claim('images', 1, HOUR)))
    t.same(usersOf(turns), [3, 5, 9, 3, 5, 9, 3, 5, 9])
  })

  t.test('with more users than places each of them gets a turn before any gets a second one', async (t) => {
    for (let user_id = 1; user_id <= 20; user_id++) await enqueue(pool, { count: 5, user_id })
    const outbox = new Outbox(pool)
    const rows: OutboxRow[] = []
    for (let claim = 0; claim < 3; claim++) rows.push(...(await outbox.claim('images', 7, HOUR)))
    t.equal(new Set(usersOf(rows.slice(0, 20))).size, 20)
  })

  t.test('users with rows in the future only are not looked at', async (t) => {
    for (let user_id = 1; user_id <= 5; user_id++) await enqueue(pool, { user_id, waitMs: HOUR })
    const [id] = await enqueue(pool, { user_id: 6 })
    t.match(await new Outbox(pool).claim('images', 1, HOUR), [{ id }])
  })

  t.test('interactive rows come before bulk rows', async (t) => {
    await enqueue(pool, { count: 1000, class: 1, user_id: 1, waitMs: -HOUR })
    await enqueue(pool, { count: 48, class: 0, user_id: 2 })
    const rows = await new Outbox(pool).claim('images', 48, HOUR)
    t.equal(countOf(rows, 2), 42)
    t.equal(countOf(rows, 1), 6, 'an eighth is for bulk rows')
  })

  t.test('bulk rows have every place when no others are due', async (t) => {
    await enqueue(pool, { count: 100, class: 1 })
    await enqueue(pool, { count: 10, class: 0, waitMs: HOUR })
    t.equal((await new Outbox(pool).claim('images', 48, HOUR)).length, 48)
  })

  t.test('bulk rows are not starved by claims of one place', async (t) => {
    await enqueue(pool, { count: 400, class: 0, user_id: 1 })
    await enqueue(pool, { count: 10, class: 1, user_id: 2 })
    const outbox = new Outbox(pool)
    const rows: OutboxRow[] = []
    while (countOf(rows, 2) === 0 && rows.length < 400) rows.push(...(await outbox.claim('images', 1, HOUR)))
    t.equal(countOf(rows, 2), 1, `after ${rows.length} claims`)
  })

  t.test('how long each row waited can be watched', async (t) => {
    const waits: unknown[] = []
    const watch = (message: unknown) => void waits.push(message)
    claimed.subscribe(watch)
    t.teardown(() => claimed.unsubscribe(watch))
    await enqueue(pool, { class: 1, waitMs: -HOUR })
    await new Outbox(pool).claim('images', 1, HOUR)
    t.match(waits, [{ kind: 'images', class: 1, waitMs: Number }])
    const [{ waitMs } = { waitMs: 0 }] = waits as [{ waitMs: number }]
    t.ok(waitMs >= HOUR && waitMs < HOUR + 60_000, `${waitMs} ms`)
  })
}

t.test('on PGlite', async (t) => fairness(t, await embeddedDatabase(t)))

t.test('on PostgreSQL', needsServices, async (t) => {
  const database = await realDatabase(t)
  fairness(t, database)

  t.test('a claim reads a few rows of the index, whatever waits', async (t) => {
    const { pool } = database
    await enqueue(pool, { count: 50_000, user_id: 7 })
    await enqueue(pool, { count: 20_000, user_id: 8, waitMs: HOUR })
    await pool.query(
      `INSERT INTO outbox (kind, class, user_id) SELECT 'images', n % 2, 10 + n FROM generate_series(1, 30000) AS n`
    )
    for (const statistics of ['of before', 'of now']) {
      if (statistics === 'of now') await pool.query('ANALYZE outbox')
      const { scanned, indexed } = await readBy(pool, ['images', 500, HOUR, 60, 0, 0, [7], [100], 400])
      t.equal(scanned, 0, `no scan, with statistics ${statistics}`)
      t.ok(indexed > 0 && indexed < 3000, `${indexed} entries, with statistics ${statistics}`)
    }
  })
})

/** Rows of the outbox and entries of its indexes that a claim reads. The claim itself is rolled back. */
async function readBy(pool: Pool, values: unknown[]): Promise<Read> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const before = await readSoFar(client)
    await client.query(withValues(pool, CLAIM, values))
    const after = await readSoFar(client)
    await client.query('ROLLBACK')
    return { scanned: after.scanned - before.scanned, indexed: after.indexed - before.indexed }
  } finally {
    client.release()
  }
}

interface Read {
  scanned: number
  indexed: number
}

async function readSoFar(client: PoolClient): Promise<Read> {
  const { rows } = await client.query<Read>(
    `SELECT pg_stat_get_xact_tuples_returned('outbox'::regclass)::float8 AS scanned,
       sum(pg_stat_get_xact_tuples_returned(indexrelid))::float8 AS indexed
     FROM pg_index WHERE indrelid = 'outbox'::regclass`
  )
  const [row] = rows
  if (!row) throw new Error('There are no statistics')
  return row
}
