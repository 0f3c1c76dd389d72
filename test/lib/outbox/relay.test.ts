import { once } from 'node:events'
import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { Outbox } from '../../../lib/outbox/outbox.ts'
import { Relay, type RelayOptions } from '../../../lib/outbox/relay.ts'
import type { Claim, OutboxRow } from '../../../lib/outbox/row.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { createLog } from '../../support/log.ts'
import { needsServices } from '../../support/servers/needs.ts'

const HOUR = 3_600_000

async function owe(pool: Pool, count: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO outbox (kind, product_id) SELECT 'images', n FROM generate_series(1, $1) AS n RETURNING id`,
    [count]
  )
  return rows.map(({ id }) => id)
}

/** What is owed by who hands it over. */
const OWED: OutboxRow = {
  id: '0',
  kind: 'images',
  product_id: 1,
  payload: {},
  claims: 1,
  user_id: 1,
  product_images: ['http://a.test/1.jpg']
}

async function oweLeased(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO outbox (kind, product_id, claims, due_at) VALUES ('images', 1, 1, now() + interval '1 hour') RETURNING id`
  )
  return rows[0]?.id ?? ''
}

const left = async (pool: Pool) =>
  (await pool.query<{ claims: number; due: boolean }>('SELECT claims, due_at <= now() AS due FROM outbox'))
    .rows

/** An Outbox that tells when it has done what it was asked for. */
class WatchedOutbox extends Outbox {
  #waiting = new Map<string, PromiseWithResolvers<void>>()

  /** Resolves at the end of the next call of that method. */
  next(method: 'done' | 'release' | 'claim' | 'renew' | 'nextDueMs'): Promise<void> {
    const known = this.#waiting.get(method) ?? Promise.withResolvers<void>()
    this.#waiting.set(method, known)
    return known.promise
  }

  #ended(method: string): void {
    this.#waiting.get(method)?.resolve()
    this.#waiting.delete(method)
  }

  override async done(claims: Claim[]) {
    await super.done(claims)
    this.#ended('done')
  }
  override async release(claims: Claim[]) {
    await super.release(claims)
    this.#ended('release')
  }
  override async renew(claims: Claim[], forMs: number) {
    await super.renew(claims, forMs)
    this.#ended('renew')
  }
  override async nextDueMs(kind: OutboxRow['kind']) {
    const ms = await super.nextDueMs(kind)
    this.#ended('nextDueMs')
    return ms
  }
}

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

  t.test('what is owed is dispatched, and then gone', async (t) => {
    const [id] = await owe(pool, 1)
    const dispatched: string[] = []
    const { outbox } = start(t, { dispatch: async (row) => void dispatched.push(row.id) })
    await outbox.next('done')
    t.same(dispatched, [id])
    t.same(await left(pool), [])
  })

  t.test('a wake brings at once what was owed while it slept', async (t) => {
    const got = Promise.withResolvers<OutboxRow>()
    const { outbox } = start(t, { dispatch: async (row) => got.resolve(row) })
    await outbox.next('nextDueMs')
    const [id] = await owe(pool, 1)
    outbox.poke()
    t.equal((await got.promise).id, id)
  })

  t.test('a wake that comes while it claims is not lost', async (t) => {
    let late: Promise<string[]> | undefined
    const got = Promise.withResolvers<OutboxRow>()
    const { outbox } = start(t, { dispatch: async (row) => got.resolve(row) })
    const claim = outbox.claim.bind(outbox)
    outbox.claim = async (...args) => {
      const rows = await claim(...args)
      // Owed when the claim has already looked, and before it is known that it found nothing.
      late ??= owe(pool, 1).finally(() => outbox.poke())
      await late
      return rows
    }
    outbox.poke()
    const { id } = await got.promise
    t.same([id], await late)
  })

  t.test('a row that comes due by itself needs no wake', async (t) => {
    await pool.query(`INSERT INTO outbox (kind, due_at) VALUES ('images', now() + interval '50 ms')`)
    const { outbox } = start(t, { dispatch: async () => undefined })
    await outbox.next('done')
    t.same(await left(pool), [])
  })

  t.test('no more rows than its capacity are in hand at once, and all come through', async (t) => {
    await owe(pool, 50)
    let running = 0
    let most = 0
    let count = 0
    const all = Promise.withResolvers<void>()
    start(t, {
      capacity: 4,
      async dispatch() {
        most = Math.max(most, ++running)
        await new Promise(setImmediate)
        running--
        if (++count === 50) all.resolve()
      }
    })
    await all.promise
    t.equal(most, 4)
  })

  t.test('several relays share the rows, and none is dispatched twice', async (t) => {
    const ids = await owe(pool, 300)
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
    t.same(await left(pool), [])
  })

  t.test('a rejected row comes due again after its wait, and the failure is logged', async (t) => {
    await owe(pool, 1)
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
    t.match(await log.said(/not taken over/), { level: 'warn', details: { claims: 1 } })
  })

  t.test('a row that is given up is gone, and that is an error', async (t) => {
    await owe(pool, 1)
    const { outbox, log } = start(t, {
      retryMs: () => null,
      dispatch: () => Promise.reject(new Error('never'))
    })
    await outbox.next('done')
    t.same(await left(pool), [])
    t.match(await log.said(/given up/), { level: 'error' })
  })

  t.test('a row in hand keeps its lease for as long as it takes', async (t) => {
    await owe(pool, 1)
    const go = Promise.withResolvers<void>()
    const { outbox } = start(t, { leaseMs: 3000, dispatch: () => go.promise })
    await outbox.next('renew')
    t.same(await new Outbox(another).claim('images', 1, HOUR), [])
    go.resolve()
    await outbox.next('done')
    t.same(await left(pool), [])
  })

  t.test('what a dead process had in hand goes to another one', async (t) => {
    const [id] = await owe(pool, 1)
    await new Outbox(another).claim('images', 1, 100)
    const got = Promise.withResolvers<OutboxRow>()
    start(t, { dispatch: async (row) => got.resolve(row) })
    t.match(await got.promise, { id, claims: 2 })
  })

  t.test('while it is closed nothing is claimed; opened and woken it goes on', async (t) => {
    await owe(pool, 1)
    let open = false
    const { outbox } = start(t, { isOpen: () => open, dispatch: async () => undefined })
    outbox.poke()
    t.same(await left(pool), [{ claims: 0, due: true }])
    open = true
    const done = outbox.next('done')
    outbox.poke()
    await done
    t.same(await left(pool), [])
  })

  t.test('there is no lease for more while it is closed, full or paused', async (t) => {
    const go = Promise.withResolvers<void>()
    let open = false
    const { relay, outbox } = start(t, {
      capacity: 1,
      isOpen: () => open,
      dispatch: () => go.promise
    })
    t.equal(outbox.reserve('images'), null, 'closed')
    open = true
    const reservation = outbox.reserve('images')
    t.equal(reservation?.leaseMs, HOUR)
    t.equal(outbox.reserve('images'), null, 'reserved')
    reservation?.accept(OWED)
    t.equal(outbox.reserve('images'), null, 'full')
    go.resolve()
    await outbox.next('done')
    relay.pause()
    t.equal(outbox.reserve('images'), null, 'paused')
  })

  t.test('a row that is handed over is dispatched without a claim, and then gone', async (t) => {
    const id = await oweLeased(pool)
    const dispatched: OutboxRow[] = []
    const { outbox } = start(t, { dispatch: async (row) => void dispatched.push(row) })
    outbox.reserve('images')?.accept({ ...OWED, id })
    await outbox.next('done')
    t.same(dispatched, [{ ...OWED, id }])
    t.same(await left(pool), [])
  })

  t.test('a row that is handed over while it stops is given back', async (t) => {
    const id = await oweLeased(pool)
    const { relay, outbox } = start(t, { dispatch: async () => void t.fail('it is dispatched') })
    const reservation = outbox.reserve('images')
    relay.pause()
    const released = outbox.next('release')
    reservation?.accept({ ...OWED, id })
    await released
    t.same(await left(pool), [{ claims: 0, due: true }])
  })

  t.test('a stop waits for the rows in hand', async (t) => {
    await owe(pool, 1)
    const taken = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const { relay } = start(t, {
      dispatch() {
        taken.resolve()
        return go.promise
      }
    })
    await taken.promise
    const stopped = relay.stop(HOUR)
    go.resolve()
    await stopped
    t.same(await left(pool), [])
  })

  t.test('after the grace rows in hand are given back, due at once and with no claim counted', async (t) => {
    await owe(pool, 2)
    const taken = Promise.withResolvers<void>()
    const { relay } = start(t, {
      async dispatch(_row, signal) {
        taken.resolve()
        await once(signal, 'abort')
        throw signal.reason
      }
    })
    await taken.promise
    await relay.stop(0)
    t.same(await left(pool), [
      { claims: 0, due: true },
      { claims: 0, due: true }
    ])
  })

  t.test('a stopped relay takes nothing more, and listens to nobody', async (t) => {
    const { relay, outbox } = start(t, { dispatch: async () => undefined })
    await relay.stop(0)
    await owe(pool, 1)
    outbox.poke()
    t.equal(outbox.events.listenerCount('due'), 0)
    t.same(await left(pool), [{ claims: 0, due: true }])
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
    const claim = outbox.claim.bind(outbox)
    let failures = 2
    outbox.claim = async (...args) => {
      if (failures-- <= 0) return claim(...args)
      await another.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()'
      )
      throw new Error('Connection terminated unexpectedly')
    }
    await owe(another, 1)
    const relay = new Relay({
      outbox,
      kind: 'images',
      capacity: 1,
      leaseMs: HOUR,
      log,
      dispatch: async () => undefined
    })
    t.teardown(() => relay.stop(0))
    relay.start()
    await outbox.next('done')
    t.match(await log.said(/cannot be read/), { level: 'warn' })
  })
})
