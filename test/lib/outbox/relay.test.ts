import t, { type Test } from 'tap'
import { Relay } from '../../../lib/outbox/relay.ts'
import type { OutboxRow } from '../../../lib/outbox/row.ts'
import { UserJobs } from '../../../lib/outbox/user-jobs.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { createLog } from '../../support/log.ts'
import { enqueue, rowsLeft, WatchedOutbox } from '../../support/outbox.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { HOUR, held, relaysOn } from './relays.ts'

/** What every database under a relay has to let it do. */
function conformance(t: Test, { pool, another }: Database): void {
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))
  const start = relaysOn(pool)

  t.test('a due row is dispatched, and deleted afterwards', async (t) => {
    const [id] = await enqueue(pool)
    const dispatched: string[] = []
    const { outbox } = start(t, { dispatch: async (row) => void dispatched.push(row.id) })
    await outbox.next('done')
    t.same(dispatched, [id])
    t.same(await rowsLeft(pool), [])
  })

  t.test('sleeping: a poke brings a new row at once', async (t) => {
    const { dispatch, begun, end } = held()
    const { outbox } = start(t, { dispatch })
    await outbox.next('nextDueMs')
    const [id] = await enqueue(pool)
    outbox.poke()
    t.equal((await begun).id, id)
    end()
  })

  t.test('sleeping: a scheduled row comes due without a poke', async (t) => {
    await enqueue(pool, { waitMs: 50 })
    const { outbox } = start(t, { dispatch: async () => undefined })
    await outbox.next('done')
    t.same(await rowsLeft(pool), [])
  })

  t.test('claiming: a poke meanwhile is not lost', async (t) => {
    let late: Promise<string[]> | undefined
    const { dispatch, begun, end } = held()
    const { outbox } = start(t, { dispatch })
    const claim = outbox.claim
    outbox.claim = async (...args) => {
      const rows = await claim(...args)
      // Enqueued after the claim has looked, and before the relay knows that it found nothing.
      late ??= enqueue(pool).finally(() => outbox.poke())
      await late
      return rows
    }
    outbox.poke()
    const { id } = await begun
    t.same([id], await late)
    end()
  })

  t.test('full: no more rows than its capacity are worked on at once, and all are in the end', async (t) => {
    await enqueue(pool, { count: 50 })
    let running = 0
    let max = 0
    let count = 0
    const all = Promise.withResolvers<void>()
    start(t, {
      capacity: 4,
      async dispatch() {
        max = Math.max(max, ++running)
        await new Promise(setImmediate)
        running--
        if (++count === 50) all.resolve()
      }
    })
    await all.promise
    t.equal(max, 4)
  })

  t.test('full: while the rows of one user are at the limit, a poke brings those of another', async (t) => {
    await enqueue(pool, { count: 20, user_id: 7 })
    const users = new UserJobs(6)
    const begun: number[] = []
    const end = Promise.withResolvers<void>()
    const dispatch = (row: OutboxRow) =>
      users.run(row.user_id, () => {
        begun.push(row.user_id)
        return end.promise
      })
    const { outbox } = start(t, { capacity: 8, perUser: users, dispatch })
    await outbox.next('nextDueMs')
    t.same(begun, Array(6).fill(7))
    await enqueue(pool, { user_id: 9 })
    outbox.poke()
    await outbox.next('nextDueMs')
    t.same(begun, [...Array(6).fill(7), 9])
    end.resolve()
    for (let done = outbox.next('done'); (await rowsLeft(pool)).length > 0; done = outbox.next('done'))
      await done
  })

  t.test('full: a single free place is used, too', async (t) => {
    await enqueue(pool, { count: 11 })
    const { promise, resolve } = Promise.withResolvers<void>()
    let count = 0
    const eleventh = Promise.withResolvers<void>()
    start(t, {
      async dispatch() {
        if (++count === 11) eleventh.resolve()
        if (count > 1) await promise
      }
    })
    await t.resolves(eleventh.promise)
    resolve()
  })

  t.test('paused: nothing is claimed while there is no room; a poke ends that', async (t) => {
    await enqueue(pool)
    let room = 0
    const { outbox } = start(t, { room: () => room, dispatch: async () => undefined })
    outbox.poke()
    t.same(await rowsLeft(pool), [{ claims: 0, due: true }])
    room = 1
    const done = outbox.next('done')
    outbox.poke()
    await done
    t.same(await rowsLeft(pool), [])
  })

  t.test('several relays share the rows, and none is dispatched twice', async (t) => {
    const ids = await enqueue(pool, { count: 300 })
    const dispatched: string[] = []
    const all = Promise.withResolvers<void>()
    const dispatch = async (row: OutboxRow) => {
      await new Promise(setImmediate)
      dispatched.push(row.id)
      if (dispatched.length === ids.length) all.resolve()
    }
    const relays = [pool, another, pool, another].map((on) => start(t, { dispatch }, on))
    await all.promise
    await Promise.all(relays.map(({ relay }) => relay.stop(HOUR)))
    t.same([...dispatched].sort(), [...ids].sort())
    t.same(await rowsLeft(pool), [])
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('on PostgreSQL', needsServices, async (t) => {
  const database = await realDatabase(t)
  conformance(t, database)

  t.test('a database that is away is tried again', async (t) => {
    const { pool, another } = database
    const outbox = new WatchedOutbox(pool)
    const log = createLog()
    const claim = outbox.claim
    let failures = 2
    outbox.claim = async (...args) => {
      if (failures-- <= 0) return claim(...args)
      await another.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
          AND datname = current_database()`
      )
      throw new Error('Connection terminated unexpectedly')
    }
    await enqueue(another)
    const dispatch = async () => undefined
    const relay = new Relay({ outbox, kind: 'images', capacity: 1, leaseMs: HOUR, log, dispatch })
    t.teardown(() => relay.stop(0))
    relay.start()
    await outbox.next('done')
    t.match(await log.said(/cannot be read/), { level: 'warn' })
  })
})
