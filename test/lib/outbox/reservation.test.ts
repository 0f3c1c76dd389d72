import t, { type Test } from 'tap'
import { Relay, type RelayOptions } from '../../../lib/outbox/relay.ts'
import type { OutboxRow } from '../../../lib/outbox/row.ts'
import { UserJobs } from '../../../lib/outbox/user-jobs.ts'
import { ProductCreator } from '../../../lib/products/create.ts'
import { type Database, embeddedDatabase, realDatabase } from '../../support/database.ts'
import { createLog } from '../../support/log.ts'
import { enqueue, rowsLeft, WatchedOutbox } from '../../support/outbox.ts'
import { needsServices } from '../../support/servers/needs.ts'

const HOUR = 3_600_000
const LAMP = { user_id: 1, product_name: 'Lamp', product_price: 9.5, product_images: ['http://a.test/1.jpg'] }

const ROW: OutboxRow = {
  id: '0',
  kind: 'images',
  product_id: 1,
  payload: {},
  claims: 1,
  user_id: 1,
  product_images: ['http://a.test/1.jpg']
}

/** What holds on every database. */
function conformance(t: Test, { pool }: Database): void {
  t.beforeEach(async () => void (await pool.query('DELETE FROM outbox')))

  /** A relay that sleeps: it has found that no row is due. */
  async function sleeping(t: Test, options: Partial<RelayOptions> & Pick<RelayOptions, 'dispatch'>) {
    const outbox = new WatchedOutbox(pool)
    const log = createLog()
    const relay = new Relay({ outbox, kind: 'images', capacity: 10, leaseMs: HOUR, log, ...options })
    t.teardown(() => relay.stop(0))
    relay.start()
    await outbox.next('nextDueMs')
    await new Promise(setImmediate)
    return { outbox, relay, log }
  }

  async function insertLeased(): Promise<string> {
    const { rows } = await pool.query<{ id: string }>(
      `INSERT INTO outbox (kind, product_id, claims, due_at) VALUES ('images', 1, 1, now() + interval '1 hour')
        RETURNING id`
    )
    return rows[0]?.id ?? ''
  }

  t.test('a row with a reserved place is dispatched without a claim, and deleted afterwards', async (t) => {
    const id = await insertLeased()
    const dispatched: OutboxRow[] = []
    const { outbox } = await sleeping(t, { dispatch: async (row) => void dispatched.push(row) })
    const reservation = outbox.reserve('images', 1)
    t.equal(reservation?.leaseMs, HOUR)
    const done = outbox.next('done')
    reservation?.accept({ ...ROW, id })
    await done
    t.same(dispatched, [{ ...ROW, id }])
    t.same(await rowsLeft(pool), [])
  })

  t.test('there are as many reservations as places, and a cancelled one is free again', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { outbox } = await sleeping(t, { capacity: 2, dispatch: () => promise })
    const [first, second] = [outbox.reserve('images', 1), outbox.reserve('images', 1)]
    t.ok(first && second)
    t.equal(outbox.reserve('images', 1), null, 'both are reserved')
    first?.accept(ROW)
    first?.cancel()
    t.equal(outbox.reserve('images', 1), null, 'an accepted row keeps its place')
    second?.cancel()
    second?.cancel()
    const third = outbox.reserve('images', 1)
    t.ok(third, 'a cancelled one is free again')
    t.equal(outbox.reserve('images', 1), null, 'and only once')
    third?.cancel()
    resolve()
  })

  t.test('a user has as many as the limit of users leaves', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const perUser = new UserJobs(2)
    const dispatch = ({ user_id }: OutboxRow) => perUser.run(user_id, () => promise)
    const { outbox } = await sleeping(t, { perUser, dispatch })
    const first = outbox.reserve('images', 1)
    const second = outbox.reserve('images', 1)
    first?.accept(ROW)
    t.equal(outbox.reserve('images', 1), null, 'one runs, one is reserved')
    t.ok(outbox.reserve('images', 2), 'another user has a place')
    second?.cancel()
    t.ok(outbox.reserve('images', 1), 'a cancelled one is free again')
    resolve()
  })

  t.test('while only users at their limit have due rows, others have places', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const perUser = new UserJobs(2)
    const dispatch = ({ user_id }: OutboxRow) => perUser.run(user_id, () => promise)
    const { outbox } = await sleeping(t, { perUser, dispatch })
    await enqueue(pool, { count: 3 })
    const noMore = outbox.next('nextDueMs')
    outbox.poke()
    await noMore
    await new Promise(setImmediate)
    t.equal(outbox.reserve('images', 1), null, 'the row of the user at its limit waits')
    const others = outbox.reserve('images', 2)
    t.ok(others, 'another user has nothing to wait for')
    others?.cancel()
    const claimed = outbox.next('claim')
    outbox.poke()
    const meanwhile = outbox.reserve('images', 2)
    t.ok(meanwhile, 'nor while the relay claims')
    await claimed
    meanwhile?.cancel()
    resolve()
  })

  t.test('there are none while there is no room, while rows wait, and after a stop', async (t) => {
    let room = 2
    const { promise, resolve } = Promise.withResolvers<void>()
    const { outbox, relay } = await sleeping(t, { capacity: 2, room: () => room, dispatch: () => promise })
    room = 0
    t.equal(outbox.reserve('images', 1), null, 'no room')
    room = 2
    await enqueue(pool, { count: 3 })
    const claimed = outbox.next('claim')
    outbox.poke()
    await claimed
    await new Promise(setImmediate)
    t.equal(outbox.reserve('images', 1), null, 'rows wait')
    resolve()
    await relay.stop(HOUR)
    t.equal(outbox.reserve('images', 1), null, 'stopped')
  })

  t.test('a row that is accepted after a stop has begun is released', async (t) => {
    const id = await insertLeased()
    const { outbox, relay } = await sleeping(t, { dispatch: async () => void t.fail('it was dispatched') })
    const reservation = outbox.reserve('images', 1)
    const stopped = relay.stop(HOUR)
    const released = outbox.next('release')
    reservation?.accept({ ...ROW, id })
    await Promise.all([released, stopped])
    t.same(await rowsLeft(pool), [{ claims: 0, due: true }])
  })

  t.test('creates at the same time do not take more places than there are', async (t) => {
    let running = 0
    let max = 0
    let count = 0
    const all = Promise.withResolvers<void>()
    const { outbox, log } = await sleeping(t, {
      capacity: 2,
      async dispatch() {
        max = Math.max(max, ++running)
        await new Promise((resolve) => setTimeout(resolve, 5))
        running--
        if (++count === 20) all.resolve()
      }
    })
    const creator = new ProductCreator(pool, outbox)
    await Promise.all(Array.from({ length: 20 }, () => creator.create(LAMP)))
    await all.promise
    t.ok(max <= 2, `${max} at once`)
    t.same(log.lines, [])
  })
}

t.test('on PGlite', async (t) => conformance(t, await embeddedDatabase(t)))

t.test('on PostgreSQL', needsServices, async (t) => conformance(t, await realDatabase(t)))
