import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'
import { sharedPostgres } from '../support/servers/shared.ts'
import { fuzz } from './api-fuzzer.ts'

// It takes seconds on an idle machine.
t.setTimeout(600_000)

const OPERATIONS = [
  ...['createProduct', 'createUser', 'deleteProduct', 'getProduct', 'getUser', 'listProducts'],
  ...['replaceProduct', 'reprocessProduct', 'updateProduct', 'watchProduct']
]

t.test('every response is as documented, and every refusal has its reason', async (t) => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.comment(`FUZZ_SEED=${seed}`)
  const database = process.env.TEST_SERVICES === 'none' ? undefined : await sharedPostgres(t)
  const outcomes = await fuzz(seed, 2000, await database?.createDatabase())
  t.comment([...outcomes].sort().map(([outcome, count]) => `${outcome}: ${count}`))
  const reached = [...outcomes.keys()].filter((outcome) => !/ (400|401|403|414|415)$/.test(outcome))
  const names = new Set(reached.map((outcome) => outcome.split(' ')[0]))
  t.strictSame(
    OPERATIONS.filter((name) => !names.has(name)),
    [],
    'every operation got requests that it had to decide on'
  )
})

t.test('a body of 10 MB is refused, wherever one can be sent', async (t) => {
  const call = await documented(await buildTestApp(t))
  const payload = JSON.stringify({ user_id: 1, product_name: 'x'.repeat(10_000_000), product_price: 1 })
  for (const [method, url] of [
    ['POST', '/api/v1/products'],
    ['PUT', '/api/v1/products'],
    ['PUT', '/api/v1/products/1'],
    ['DELETE', '/api/v1/products/1'],
    ['POST', '/api/v1/products/1/reprocess'],
    ['POST', '/api/v1/users']
  ] as const) {
    const reply = await call({ method, url, payload, headers: { 'content-type': 'application/json' } })
    t.match(reply.json(), { status: 413, title: 'Payload Too Large' }, `${method} ${url}`)
  }
})
