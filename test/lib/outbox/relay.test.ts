import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { Relay, type RelayOptions } from '../../../lib/outbox/relay.ts'
import type { OutboxRow } from '../../../lib/outbox/row.ts'
import { UserJobs } from '../../../lib/outbox/user-jobs.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { createLog } from '../../support/log.ts'
import { enqueue, rowsLeft, WatchedOutbox } from '../../support/outbox.ts'
import { needsServices } from '../../support/servers/needs.ts'

const HOUR = 3_600_000

/** What every database under a relay has to let it do. */
function conformance(t: Test, { pool, another }: Database): void {
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))

  function start(t: Test, options: Partial<RelayOptions> & Pick<RelayOptions, 'dispatch'>, on = pool) {
    const outbox = new WatchedOutbox(on)
    const log = createLog()
    const relay = new Relay({ outbox, kind: 'images', capacity: 10, leaseMs: HOUR, log, ...options })
    relay.start()
    t.teardown(() => relay.stop(0))
    return { outbox, relay, log }
  }

  /** A dispatch that says when it has begun, and ends when the test says so. */
  function held() {
    const begun = Promise.withResolvers<OutboxRow>()
    const { promise, resolve } = Promise.withResolvers<void>()
    const dispatch = (row: OutboxRow) => {
      begun.resolve(row)
      return promise
    }
    return { dispatch, begun: begun.promise, end: resolve }
  }

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

  t.test('a rejected row comes due again after its wait, and the failure is logged', async (t) => {
    await enqueue(pool)
    const claims: number[] = []
    const second = Promise.withResolvers<void>()
    const { log } = start(t, {
      retryMs: () => 1,
      async dispatch(row) {
        claims.push(row.claims)
        if (claims.length === 1) throw new Error('the broker is away')
        second.resolve()
      }
    })
    await second.promise
    t.same(claims, [1, 2])
    t.match(await log.said(/is retried/), { level: 'warn', details: { claims: 1 } })
  })

  t.test('a row that is given up is deleted, and that is an error', async (t) => {
    await enqueue(pool)
    const { outbox, log } = start(t, {
      retryMs: () => null,
      dispatch: () => Promise.reject(new Error('never'))
    })
    await outbox.next('done')
    t.same(await rowsLeft(pool), [])
    t.match(await log.said(/given up/), { level: 'error' })
  })

  t.test('the lease of a running job is renewed', async (t) => {
    await enqueue(pool)
    const { dispatch, end } = held()
    const { outbox } = start(t, { leaseMs: 3000, dispatch })
    await outbox.next('renew')
    t.same(await new Outbox(another).claim('images', 1, HOUR), [])
    end()
    await outbox.next('done')
    t.same(await rowsLeft(pool), [])
  })

  t.test('rows of a process that died go to another one', async (t) => {
    const [id] = await enqueue(pool)
    await new Outbox(another).claim('images', 1, 100)
    const { dispatch, begun, end } = held()
    start(t, { dispatch })
    t.match(await begun, { id, claims: 2 })
    end()
  })

  t.test('draining: a stop waits for running jobs', async (t) => {
    await enqueue(pool)
    const { dispatch, begun, end } = held()
    const { relay } = start(t, { dispatch })
    await begun
    const stopped = relay.stop(HOUR)
    end()
    await stopped
    t.same(await rowsLeft(pool), [])
  })

  t.test('draining: leases are renewed until the last job has ended', async (t) => {
    await enqueue(pool)
    const { dispatch, begun, end } = held()
    const { relay } = start(t, { leaseMs: 600, dispatch })
    await begun
    const stopped = relay.stop(HOUR)
    await wait(1500)
    t.same(await new Outbox(another).claim('images', 1, HOUR), [])
    end()
    await stopped
    t.same(await rowsLeft(pool), [])
  })

  t.test('draining: rows of aborted jobs are due at once, and their claim does not count', async (t) => {
    await enqueue(pool, { count: 2 })
    const begun = Promise.withResolvers<void>()
    const { relay } = start(t, {
      async dispatch(_row, signal) {
        begun.resolve()
        await once(signal, 'abort')
        throw signal.reason
      }
    })
    await begun.promise
    await relay.stop(0)
    const released = { claims: 0, due: true }
    t.same(await rowsLeft(pool), [released, released])
  })

  t.test('draining: nothing more is claimed', async (t) => {
    const { relay, outbox } = start(t, { dispatch: async () => undefined })
    await relay.stop(0)
    await enqueue(pool)
    outbox.poke()
    t.equal(outbox.events.listenerCount('due'), 0)
    t.same(await rowsLeft(pool), [{ claims: 0, due: true }])
  })

  t.test('draining: rows of a claim that ends too late are released', async (t) => {
    await enqueue(pool)
    const { outbox, relay } = start(t, { dispatch: async () => void t.fail('it was dispatched') })
    await relay.stop(HOUR)
    t.same(await rowsLeft(pool), [{ claims: 0, due: true }])
    t.equal(outbox.reserve('images', 1), null)
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
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()'
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
