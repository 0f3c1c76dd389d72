import t from 'tap'
import { MAX_SCANNED } from '../../../lib/products/list.ts'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

const app = await buildTestApp(t)
const call = await documented(app)

const list = async (query: string) => call({ url: `/api/v1/products?${query}` })
const names = async (query: string) =>
  (await list(query)).json().map((product: { product_name: string }) => product.product_name)

/** A user of their own for each test. */
async function createUser(): Promise<number> {
  return (await call({ method: 'POST', url: '/api/v1/users', payload: { username: 'ada' } })).json().user_id
}

/** Products of the same moment, in one statement. */
async function insertProducts(user_id: number, count: number, name?: string) {
  await app.pg.query(
    `INSERT INTO products (user_id, product_name, product_price, version)
     SELECT $1, coalesce($3, 'product ' || n), 1, 1 FROM generate_series(1, $2::integer) n`,
    [user_id, count, name]
  )
}

/** Returns the path that the Link header leads to. */
function next(link: unknown): string | undefined {
  const target = /^<(.+)>; rel="next"$/.exec(String(link))?.[1]
  if (target === undefined) return undefined
  const { pathname, search } = new URL(target, 'http://localhost/api/v1/products')
  return pathname + search
}

async function* pages(url: string) {
  for (let page: string | undefined = url; page !== undefined; ) {
    const reply = await call({ url: page })
    yield reply.json().map(({ id }: { id: number }) => id) as number[]
    page = next(reply.headers.link)
  }
}

t.test('the pages hold every product once, although products come and go meanwhile', async (t) => {
  const user = await createUser()
  // In one statement, so all of the same microsecond.
  await insertProducts(user, 40)
  const all: number[] = (await list(`user_id=${user}&limit=1000`)).json().map(({ id }: { id: number }) => id)
  const seen: number[] = []
  for await (const page of pages(`/api/v1/products?user_id=${user}&limit=7`)) {
    t.ok(page.length <= 7)
    seen.push(...page)
    await insertProducts(user, 1, 'newer')
    await call({ method: 'DELETE', url: `/api/v1/products/${page.at(-1)}` })
  }
  t.equal(all.length, 40)
  t.strictSame(seen, all)
})

t.test('there is a next page only when something is on it, and it keeps the filters', async (t) => {
  const user = await createUser()
  for (const name of ['a', 'b', 'a & c', 'd']) await insertProducts(user, 1, name)
  t.notOk('link' in (await list(`user_id=${user}&limit=4`)).headers)
  const first = await list(`user_id=${user}&limit=1&product_name=a&min_price=&max_price=3`)
  const url = next(first.headers.link)
  t.match(
    url,
    /^\/api\/v1\/products\?user_id=\d+&limit=1&product_name=a&min_price=&max_price=3&cursor=[\w-]+$/
  )
  const second = await call({ url: url ?? '' })
  t.match(first.json(), [{ product_name: 'a & c' }])
  t.match(second.json(), [{ product_name: 'a' }])
  t.notOk('link' in second.headers)
})

t.test('a page holds up to 1000 products unless another limit is asked for', async (t) => {
  const user = await createUser()
  await insertProducts(user, 1001)
  const reply = await list(`user_id=${user}`)
  t.equal(reply.json().length, 1000)
  t.equal((await call({ url: next(reply.headers.link) ?? '' })).json().length, 1)
  t.equal((await names(`user_id=${user}&limit=1`)).length, 1)
})

t.test('a search without an index examines a bounded part of the list, and its link leads on', async (t) => {
  const user = await createUser()
  await insertProducts(user, 1, 'oldest %')
  await insertProducts(user, 2 * MAX_SCANNED - 1)
  await insertProducts(user, 1, 'newest %')
  const found: number[] = []
  for await (const page of pages(`/api/v1/products?user_id=${user}&product_name=%25`)) found.push(page.length)
  t.strictSame(found, [1, 0, 1])
  t.strictSame(await names(`user_id=${user}&product_name=oldest`), ['oldest %'], 'an index needs one page')
})

t.test('a list that is not served by then is refused instead of queued', async (t) => {
  const lists = Array.from({ length: 59 }, () => app.products.list({ user_id: 1, limit: 1 }))
  const outcomes = await Promise.allSettled(lists)
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  t.match(refused, [{ reason: { code: 'overloaded' } }])
  t.equal(refused.length, 1)
})

t.test('a list that takes too long ends, and the others have their connections', needsServices, async (t) => {
  const postgres = await sharedPostgres(t)
  const real = await buildTestApp(t, { DATABASE_URL: await postgres.createDatabase() })
  const blocker = await real.pg.pool.connect()
  t.teardown(() => blocker.release())
  await blocker.query('BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE')
  const lists = Array.from({ length: 25 }, () => real.inject('/api/v1/products'))
  t.equal((await real.inject('/api/v1/users/1')).statusCode, 200)
  const refused = await Promise.race(lists)
  await blocker.query('ROLLBACK')
  t.match(refused?.json(), { code: 'overloaded', detail: /takes too long/ })
  t.equal(refused?.headers['retry-after'], '2')
  t.equal((await real.inject('/api/v1/products')).statusCode, 200)
})

t.test('a list whose connection is lost is refused, and the process goes on', needsServices, async (t) => {
  const server = await sharedPostgres(t)
  const busy = await buildTestApp(t, { DATABASE_URL: await server.createDatabase() })
  const other = await busy.pg.connect()
  t.teardown(async () => other.release())
  await other.query('BEGIN; LOCK TABLE products')
  let isRefused = false
  const waiting = busy.inject('/api/v1/products').finally(() => {
    isRefused = true
  })
  const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`
  // Others may wait for the table, too.
  while (!isRefused) await busy.pg.query(terminate)
  t.match((await waiting).json(), { status: 503, code: 'unavailable' })
  await other.query('ROLLBACK')
  t.equal((await busy.inject('/api/v1/products')).statusCode, 200)
})

t.test('credentials for all users list the products of all users unless one is named', async (t) => {
  const keyed = await buildTestApp(t, { API_KEYS: 'operator-key-of-16,customer-key-of-16:2' })
  await keyed.pg.query(`INSERT INTO users (username) VALUES ('bob')`)
  const headers = { 'x-api-key': 'operator-key-of-16' }
  for (const [index, user_id] of [1, 2, 1, 2].entries()) {
    const payload = { user_id, product_name: `product ${index}`, product_price: 1 }
    await keyed.inject({ method: 'POST', url: '/api/v1/products', payload, headers })
  }
  const owners = async (query: string, key = 'operator-key-of-16') => {
    const reply = await keyed.inject({ url: `/api/v1/products?${query}`, headers: { 'x-api-key': key } })
    return reply.json().map(({ user_id }: { user_id: number }) => user_id)
  }
  t.strictSame(await owners(''), [2, 1, 2, 1])
  t.strictSame(await owners('user_id='), [2, 1, 2, 1])
  t.strictSame(await owners('user_id=1'), [1, 1])
  t.strictSame(await owners('', 'customer-key-of-16'), [2, 2])
  const first = await keyed.inject({ url: '/api/v1/products?limit=3', headers })
  const rest = await keyed.inject({ url: next(first.headers.link) ?? '', headers })
  t.match(rest.json(), [{ product_name: 'product 0' }])
})

t.test('a page of long texts ends early, and the pages together leave nothing out', async (t) => {
  const user_id = await createUser()
  const ids: number[] = []
  for (const letter of 'abcdefghijklmnop') {
    const payload = {
      user_id,
      product_name: letter,
      product_price: 1,
      product_description: '😀'.repeat(100_000)
    }
    ids.unshift((await call({ method: 'POST', url: '/api/v1/products', payload })).json().product_id)
  }
  const seen: number[][] = []
  for await (const page of pages(`/api/v1/products?user_id=${user_id}`)) seen.push(page)
  t.strictSame(
    seen.map((page) => page.length),
    [11, 5]
  )
  t.strictSame(seen.flat(), ids)
})
