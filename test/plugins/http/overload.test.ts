import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { mock } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import pg from 'pg'
import t, { type Test } from 'tap'
import errors from '../../../plugins/http/errors.ts'
import overload, { type Bounds } from '../../../plugins/http/overload.ts'
import { problem } from '../../support/problem.ts'

class BusyPool extends pg.Pool {
  override waitingCount = 0
}

/** Milliseconds between looks at the event loop and the heap. */
const WINDOW = 5000

/** A service after its first look, with the event-loop delays that it has seen until then. */
async function build(t: Test, bounds: Partial<Bounds>, delaysMs: number[] = []) {
  mock.timers.enable({ apis: ['setInterval'] })
  const app = Fastify()
  t.teardown(async () => {
    mock.timers.reset()
    await app.close()
  })
  const pool = new BusyPool({ max: 10 })
  await app.register(errors)
  await app.register(
    fp(async (app) => void app.decorate('pg', Object.assign(app.pg ?? {}, { pool })), { name: 'postgres' })
  )
  const delays: RecordableHistogram = createHistogram()
  const monitor = { enable: () => true, disable: () => true, [Symbol.dispose]: () => undefined }
  await app.register(overload, { bounds, delays: Object.assign(delays, monitor) })
  app.get('/', async () => 'welcome')
  app.get('/open', { config: { access: 'open' } }, async () => 'alive')
  await app.ready()
  const turn = (delaysMs: number[]) => {
    for (const ms of delaysMs) delays.record(ms * 1e6)
    mock.timers.tick(WINDOW)
  }
  turn(delaysMs)
  return { app, pool, turn }
}

const statusOf = async (app: FastifyInstance) => (await app.inject('/')).statusCode

/** Many statements, each of which holds a connection for so long. */
function hold(pool: pg.Pool, ms: number) {
  const clock = { now: 0 }
  const now = mock.method(performance, 'now', () => clock.now)
  const client: pg.PoolClient = Object.assign(new pg.Client(), { release: () => undefined })
  for (let statement = 0; statement < 500; statement++) {
    pool.emit('acquire', client)
    clock.now += ms
    pool.emit('release', new Error(), client)
  }
  now.mock.restore()
}

t.test('a process without overload serves', async (t) => {
  const { app } = await build(t, {})
  t.equal((await app.inject('/')).body, 'welcome')
})

t.test('a request that would wait long for the database is refused with Retry-After', async (t) => {
  const { app, pool } = await build(t, {})
  hold(pool, 50)
  // Ten connections, each held for 50 ms: two hundred in a second.
  pool.waitingCount = 199
  t.equal((await app.inject('/')).body, 'welcome')
  pool.waitingCount = 201
  const refused = await app.inject('/')
  t.equal(refused.headers['retry-after'], '2')
  t.strictSame(refused.json(), problem('overloaded', 'The service is overloaded; retry later.'))
  t.equal((await app.inject('/open')).body, 'alive')
  pool.waitingCount = 0
  t.equal((await app.inject('/')).body, 'welcome')
})

t.test('as many may wait for a fast database as it serves in a second', async (t) => {
  const { app, pool } = await build(t, {})
  hold(pool, 1)
  pool.waitingCount = 9000
  t.equal((await app.inject('/')).body, 'welcome')
})

t.test('a process whose heap is full refuses what is not open', async (t) => {
  const { app } = await build(t, { heapBytes: 1 })
  t.match((await app.inject('/')).json(), { status: 503 })
  t.equal((await app.inject('/open')).body, 'alive')
})

t.test('a process whose timers fire too late refuses until they fire in time', async (t) => {
  const { app, turn } = await build(t, {}, [1100, 1200, 1300, 1400])
  t.equal(await statusOf(app), 503)
  turn(Array(400).fill(10))
  t.equal(await statusOf(app), 200)
})

t.test('one stall is no overload, even if nothing else happened', async (t) => {
  const { app, turn } = await build(t, {}, [6000])
  t.equal(await statusOf(app), 200)
  turn(Array(400).fill(10))
  t.equal(await statusOf(app), 200)
})

t.test('an event loop that turns once in five seconds is overloaded', async (t) => {
  const { app, turn } = await build(t, {}, [5000])
  turn([5000])
  t.equal(await statusOf(app), 200)
  turn([5000])
  t.equal(await statusOf(app), 503)
})
