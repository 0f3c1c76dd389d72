import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { HealthCheck } from '../../lib/observability/health.ts'
import { buildTestApp, LogStream } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'

const log = new LogStream()
const app = await buildTestApp(t, {}, { logger: { level: 'warn', stream: log } })
const call = await documented(app)

/** Replaces the ping of a part until the test ends. */
function replace(t: Test, { healthChecks }: FastifyInstance, name: string, ping: HealthCheck['ping']) {
  const part = healthChecks.get(name)
  if (!part) throw new Error(`There is no part ${name}`)
  healthChecks.set(name, { ...part, ping })
  t.teardown(() => healthChecks.set(name, part))
}

const failing = () => Promise.reject(new Error('10.1.2.3 refused the password hunter2'))

t.test('the process is alive', async (t) => {
  const reply = await call({ url: '/health/live' })
  t.equal(reply.statusCode, 200)
  t.strictSame(reply.json(), { status: 'alive' })
})

t.test('each part is ready, and says whether it is embedded', async (t) => {
  const reply = await call({ url: '/health/ready' })
  t.equal(reply.statusCode, 200)
  t.strictSame(reply.json(), {
    status: 'ready',
    dependencies: { database: 'embedded', redis: 'embedded', storage: 'embedded' },
    intake: 'open'
  })
})

t.test("the Go service's health routes say the same of the database and of Redis", async (t) => {
  const database = await call({ url: '/health' })
  t.equal(database.statusCode, 200)
  t.strictSame(database.json(), { status: 'healthy', database: 'connected' })
  const redis = await call({ url: '/redis-health' })
  t.equal(redis.statusCode, 200)
  t.strictSame(redis.json(), { status: 'healthy', redis: 'embedded' })
})

t.test('all of them are found below the API, too', async (t) => {
  for (const url of ['/health', '/redis-health', '/health/live', '/health/ready']) {
    const reply = await app.inject(`/api/v1${url}`)
    t.equal(reply.statusCode, 200)
    t.strictSame(reply.json(), (await app.inject(url)).json())
  }
})

t.test('without its database the service is not ready, but alive', async (t) => {
  replace(t, app, 'database', failing)
  const health = await call({ url: '/health' })
  t.equal(health.statusCode, 503)
  t.strictSame(health.json(), { status: 'unhealthy', error: 'The database does not respond' })
  const ready = await call({ url: '/health/ready' })
  t.equal(ready.statusCode, 503)
  t.strictSame(ready.json(), {
    status: 'unready',
    dependencies: { database: 'unavailable', redis: 'embedded', storage: 'embedded' },
    intake: 'open'
  })
  t.equal((await call({ url: '/health/live' })).statusCode, 200)
  t.match(log.entries.at(-1), { msg: 'A dependency does not respond', reason: /hunter2/ })
})

t.test('without Redis it is ready all the same', async (t) => {
  replace(t, app, 'redis', failing)
  const health = await call({ url: '/redis-health' })
  t.equal(health.statusCode, 503)
  t.strictSame(health.json(), { status: 'unhealthy', error: 'The redis does not respond' })
  const ready = await call({ url: '/health/ready' })
  t.equal(ready.statusCode, 200)
  t.strictSame(ready.json(), {
    status: 'ready',
    dependencies: { database: 'embedded', redis: 'unavailable', storage: 'embedded' },
    intake: 'open'
  })
})

t.test('a part that never responds counts as away', async (t) => {
  replace(t, app, 'database', () => new Promise(() => {}))
  const reply = await call({ url: '/health' })
  t.equal(reply.statusCode, 503)
  t.strictSame(reply.json(), { status: 'unhealthy', error: 'The database does not respond' })
})

t.test('a part is pinged once for all requests at the same time, and again for a later one', async (t) => {
  const gate = Promise.withResolvers<void>()
  const first = Promise.withResolvers<void>()
  let pings = 0
  replace(t, app, 'database', () => {
    pings++
    first.resolve()
    return gate.promise
  })
  const replies = ['/health', '/health/ready', '/health', '/api/v1/health'].map((url) => app.inject(url))
  await first.promise
  // A part that is asked later than this one shows that all of them have come.
  replies.push(app.inject('/redis-health'))
  await replies.at(-1)
  gate.resolve()
  for (const reply of await Promise.all(replies)) t.equal(reply.statusCode, 200)
  t.equal(pings, 1)
  t.equal((await call({ url: '/health' })).statusCode, 200)
  t.equal(pings, 2)
})

t.test('a service that stops says so to clients that are still connected', async (t) => {
  const app = await buildTestApp(t)
  const asked = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  replace(t, app, 'database', () => {
    asked.resolve()
    return gate.promise
  })
  const reply = fetch(`${await app.listen({ port: 0 })}/health/ready`)
  await asked.promise

  const stopping = Promise.withResolvers<void>()
  const close = app.server.close.bind(app.server)
  t.intercept(app.server, 'close', {
    value: (callback?: (error?: Error) => void) => {
      stopping.resolve()
      return close(callback)
    }
  })
  const closed = app.close()
  await stopping.promise
  gate.resolve()
  t.equal((await reply).status, 503)
  t.strictSame(await (await reply).json(), {
    status: 'draining',
    dependencies: { database: 'embedded', redis: 'embedded', storage: 'embedded' },
    intake: 'open'
  })
  await closed
})
