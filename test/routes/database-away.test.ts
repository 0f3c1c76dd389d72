import t from 'tap'
import { buildTestApp, LogStream } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'
import { problem } from '../support/problem.ts'
import { needsOwn } from '../support/servers/needs.ts'
import { startPostgres } from '../support/servers/postgres.ts'

const PRODUCT = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }

const CALLS = [
  { method: 'POST', url: '/api/v1/products', payload: PRODUCT },
  { method: 'GET', url: '/api/v1/products' },
  { method: 'PUT', url: '/api/v1/products', payload: { id: 1, ...PRODUCT } },
  { method: 'GET', url: '/api/v1/products/1' },
  { method: 'PUT', url: '/api/v1/products/1', payload: PRODUCT },
  { method: 'DELETE', url: '/api/v1/products/1' },
  { method: 'POST', url: '/api/v1/products/1/reprocess' },
  { method: 'POST', url: '/api/v1/users', payload: { username: 'ada' } },
  { method: 'GET', url: '/api/v1/users/1' }
] as const

t.test(
  'while the database is away every call says so, and when to try again',
  needsOwn('postgres'),
  async (t) => {
    await using server = await startPostgres({ durable: true })
    const log = new LogStream()
    const app = await buildTestApp(
      t,
      { DATABASE_URL: await server.createDatabase() },
      { logger: { level: 'warn', stream: log } }
    )
    const call = await documented(app)
    await call({ method: 'POST', url: '/api/v1/products', payload: PRODUCT })
    await server.kill()

    for (const request of CALLS) {
      const reply = await call(request)
      t.equal(reply.headers['retry-after'], '2')
      t.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8')
      t.strictSame(
        reply.json(),
        problem('unavailable', 'The database is unavailable; retry later.'),
        `${request.method} ${request.url}`
      )
    }
    const refusals = log.entries.filter(({ msg }) => msg === 'The database failed')
    t.equal(refusals.length, CALLS.length, 'each is logged once, with the reason')
    t.notOk(JSON.stringify(log.entries).includes('stack'), 'without a stack')
    t.strictSame((await call({ url: '/health' })).json(), {
      status: 'unhealthy',
      error: 'The database does not respond'
    })
    t.match((await call({ url: '/health/ready' })).json(), {
      status: 'unready',
      dependencies: { database: 'unavailable' }
    })

    await server.restart()
    t.strictSame((await call({ url: '/health' })).json(), { status: 'healthy', database: 'connected' })
    t.match((await call({ url: '/api/v1/products' })).json(), [{ id: 1 }])
    await app.close()
  }
)
