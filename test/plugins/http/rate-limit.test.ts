import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedRedis } from '../../support/servers/shared.ts'

const url = '/api/v1/products'
const [ONE, TWO] = ['key-of-caller-one', 'key-of-caller-two']
const [one, two] = [{ 'x-api-key': ONE }, { 'x-api-key': TWO }]

t.test('a caller is refused beyond the limit, with the time to wait', async (t) => {
  const call = await documented(await buildTestApp(t, { API_KEYS: `${ONE},${TWO}`, RATE_LIMIT_MAX: '2' }))
  const first = await call({ url, headers: one })
  t.match(first.headers, { 'ratelimit-limit': '2', 'ratelimit-remaining': '1', 'ratelimit-reset': '60' })
  t.equal((await call({ url, headers: one })).statusCode, 200)

  const refused = await call({ url, headers: one })
  t.match(refused.headers, { 'ratelimit-limit': '2', 'ratelimit-remaining': '0', 'retry-after': /^\d+$/ })
  t.strictSame(
    refused.json(),
    problem(
      'too_many_requests',
      `The limit is 2 requests a minute; retry after ${refused.headers['retry-after']} s.`
    )
  )
  t.equal((await call({ url, headers: two })).statusCode, 200, 'another caller has a limit of their own')
})

t.test('requests with guessed keys count by their address', async (t) => {
  const app = await buildTestApp(t, { API_KEYS: ONE, RATE_LIMIT_MAX: '3' })
  const guess = (key: string, remoteAddress: string) =>
    app.inject({ url, headers: { 'x-api-key': key }, remoteAddress }).then(({ statusCode }) => statusCode)
  const statuses = []
  for (const key of ['a', 'b', 'c', 'd', 'e']) statuses.push(await guess(key, '203.0.113.7'))
  t.strictSame(statuses, [401, 401, 401, 429, 429])
  t.equal(await guess(ONE, '203.0.113.7'), 200)
  t.equal(await guess('a', '203.0.113.8'), 401)
})

t.test('without credentials callers are their addresses, as the trusted proxy names them', async (t) => {
  const variables = { RATE_LIMIT_MAX: '1', TRUST_PROXY: '10.0.0.0/8' }
  const app = await buildTestApp(t, variables)
  const ask = (remoteAddress: string, client: string) =>
    app
      .inject({ url, remoteAddress, headers: { 'x-forwarded-for': client } })
      .then(({ statusCode }) => statusCode)
  t.strictSame([await ask('10.1.2.3', '203.0.113.1'), await ask('10.1.2.3', '203.0.113.2')], [200, 200])
  t.equal(await ask('10.1.2.3', '203.0.113.1'), 429)
  t.strictSame([await ask('203.0.113.9', '203.0.113.3'), await ask('203.0.113.9', '203.0.113.4')], [200, 429])
})

t.test('all addresses that one IPv6 host has count as one', async (t) => {
  const app = await buildTestApp(t, { RATE_LIMIT_MAX: '1' })
  const ask = (remoteAddress: string) =>
    app.inject({ url, remoteAddress }).then(({ statusCode }) => statusCode)
  t.equal(await ask('2001:db8:1:2::7'), 200)
  t.equal(await ask('2001:db8:1:2:ffff:ffff:ffff:ffff'), 429)
  t.equal(await ask('2001:db8:1:3::7'), 200)
  t.equal(await ask('::ffff:203.0.113.7'), 200)
  t.equal(await ask('203.0.113.7'), 429)
})

t.test('health and documentation are not counted', async (t) => {
  const app = await buildTestApp(t, { RATE_LIMIT_MAX: '1' })
  for (const open of ['/health/live', '/health/live', '/openapi.json', '/documentation/']) {
    const reply = await app.inject(open)
    t.equal(reply.statusCode, 200)
    t.notOk('ratelimit-limit' in reply.headers)
  }
  t.equal((await app.inject(url)).statusCode, 200)
})

t.test('without a limit nothing is counted', async (t) => {
  const app = await buildTestApp(t)
  t.notOk('ratelimit-limit' in (await app.inject(url)).headers)
})

t.test('processes that share a Redis count together, and go on without it', needsServices, async (t) => {
  const redis = await sharedRedis(t)
  const variables = { API_KEYS: ONE, RATE_LIMIT_MAX: '3', REDIS_URL: redis.url }
  const apps = [await buildTestApp(t, variables), await buildTestApp(t, variables)] as const
  const ask = (app: (typeof apps)[number]) =>
    app.inject({ url, headers: one }).then(({ statusCode }) => statusCode)
  const statuses = []
  for (const app of [...apps, ...apps]) statuses.push(await ask(app))
  t.strictSame(statuses, [200, 200, 200, 429])
  apps[0].redis?.disconnect()
  t.equal(await ask(apps[0]), 200)
  t.equal(await ask(apps[1]), 429)
  await apps[0].redis?.connect()
})
