import { mock } from 'node:test'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import pg from 'pg'
import t, { type Test } from 'tap'
import errors from '../../../plugins/http/errors.ts'
import overload, { type Bounds } from '../../../plugins/http/overload.ts'
import { problem } from '../../support/problem.ts'

class BusyPool extends pg.Pool {
  override waitingCount = 0
}

/** A service after its first sample of the event loop and the heap. */
async function build(t: Test, bounds: Partial<Bounds>) {
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
  await app.register(overload, { bounds })
  app.get('/', async () => 'welcome')
  app.get('/open', { config: { access: 'open' } }, async () => 'alive')
  await app.ready()
  // By then the histogram has seen the event loop turn.
  await new Promise((resolve) => setTimeout(resolve, 50))
  mock.timers.tick(5000)
  return { app, pool }
}

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

t.test('a process whose timers fire too late refuses', async (t) => {
  const { app } = await build(t, { eventLoopDelayMs: 0.001 })
  t.match((await app.inject('/')).json(), { status: 503 })
})
