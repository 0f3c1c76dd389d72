import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'
import { problem } from '../support/problem.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedPostgres } from '../support/servers/shared.ts'

const [ONE, TWO] = ['key-of-caller-one', 'key-of-caller-two']
const app = await buildTestApp(t, { API_KEYS: `${ONE},${TWO}` })
const call = await documented(app)

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
const KEY = { 'x-api-key': ONE, 'idempotency-key': 'first try' }

const create = (payload: object, headers: Record<string, string>, url = '/api/v1/products') =>
  call({ method: 'POST', url, payload, headers })

const count = async (name: string) => {
  const { rows } = await app.pg.query('SELECT count(*)::integer FROM products WHERE product_name = $1', [
    name
  ])
  return rows[0].count
}

t.test('a repeated request gets the first response, and nothing is done twice', async (t) => {
  const first = await create(LAMP, KEY)
  const { user_id, ...rest } = LAMP
  const second = await create({ ...rest, user_id, product_images: [] }, KEY)
  t.equal(second.statusCode, 201)
  t.equal(second.body, first.body)
  t.equal(second.headers.location, first.headers.location)
  t.equal(await count('Desk lamp'), 1)
})

t.test('another body under the same key is refused', async (t) => {
  const reply = await create({ ...LAMP, product_price: 99 }, KEY)
  t.strictSame(
    reply.json(),
    problem('key_reused', 'The Idempotency-Key was used for another request.', [
      { pointer: 'idempotency-key', detail: 'must be a new one for a new request' }
    ])
  )
  t.equal((await create({ username: 'ada' }, KEY, '/api/v1/users')).statusCode, 422)
})

t.test('another caller has keys of their own', async (t) => {
  const reply = await create({ ...LAMP, product_name: 'Chair' }, { ...KEY, 'x-api-key': TWO })
  t.equal(reply.statusCode, 201)
  t.equal(await count('Chair'), 1)
})

t.test('a request that was refused has not used up its key', async (t) => {
  const headers = { ...KEY, 'idempotency-key': 'corrected' }
  t.equal((await create({ ...LAMP, user_id: 77 }, headers)).statusCode, 422)
  t.equal((await create({ ...LAMP, product_name: 'Shelf' }, headers)).statusCode, 201)
})

t.test('the response stays the same when the product is deleted meanwhile', async (t) => {
  const headers = { ...KEY, 'idempotency-key': 'short life' }
  const first = await create({ ...LAMP, product_name: 'Candle' }, headers)
  await call({ method: 'DELETE', url: String(first.headers.location), headers: { 'x-api-key': ONE } })
  const second = await create({ ...LAMP, product_name: 'Candle' }, headers)
  t.equal(second.body, first.body)
  t.equal(await count('Candle'), 0)
})

t.test('a key may be used anew after 24 hours', async (t) => {
  const headers = { ...KEY, 'idempotency-key': 'yesterday' }
  await create({ ...LAMP, product_name: 'Vase' }, headers)
  await age('yesterday', '23 hours 59 minutes')
  await create({ ...LAMP, product_name: 'Vase' }, headers)
  t.equal(await count('Vase'), 1)
  await age('yesterday', '24 hours 1 minute')
  t.equal((await create({ ...LAMP, product_name: 'Vase' }, headers)).statusCode, 201)
  t.equal(await count('Vase'), 2)
})

t.test('users are created once for each key, too', async (t) => {
  const headers = { ...KEY, 'idempotency-key': 'a user' }
  const first = await create({ username: 'grace' }, headers, '/api/v1/users')
  const second = await create({ username: 'grace' }, headers, '/api/v1/users')
  t.equal(second.body, first.body)
  const { rows } = await app.pg.query(`SELECT count(*)::integer FROM users WHERE username = 'grace'`)
  t.strictSame(rows, [{ count: 1 }])
})

t.test('keys that cannot be stored are refused', async (t) => {
  for (const key of ['', 'x'.repeat(256)]) {
    const reply = await create(LAMP, { ...KEY, 'idempotency-key': key })
    t.match(reply.json(), { status: 400, errors: [{ pointer: 'idempotency-key' }] })
  }
})

t.test(
  'of many at once one is carried out; the others get its response, or a 409',
  needsServices,
  async (t) => {
    const postgres = await sharedPostgres(t)
    const busy = await buildTestApp(t, { DATABASE_URL: await postgres.createDatabase() })
    const send = await documented(busy)
    const replies = await Promise.all(
      Array.from({ length: 50 }, () =>
        send({
          method: 'POST',
          url: '/api/v1/products',
          payload: LAMP,
          headers: { 'idempotency-key': 'race' }
        })
      )
    )
    t.strictSame(
      replies.map(({ statusCode }) => statusCode).filter((status) => status !== 201 && status !== 409),
      []
    )
    t.equal(new Set(replies.filter(({ statusCode }) => statusCode === 201).map(({ body }) => body)).size, 1)
    const { rows } = await busy.pg.query('SELECT count(*)::integer FROM products')
    t.strictSame(rows, [{ count: 1 }])
  }
)

t.test('a request whose first try is in flight is refused', needsServices, async (t) => {
  const postgres = await sharedPostgres(t)
  const busy = await buildTestApp(t, { DATABASE_URL: await postgres.createDatabase() })
  const send = await documented(busy)
  const headers = { 'idempotency-key': 'slow' }
  const other = await busy.pg.connect()
  t.teardown(async () => other.release())
  // The first try waits for the user's row, so it is in flight for as long as this transaction lasts.
  await other.query('BEGIN')
  await other.query('SELECT FROM users WHERE id = 1 FOR UPDATE')
  const first = send({ method: 'POST', url: '/api/v1/products', payload: LAMP, headers })
  await waiting(other)
  const second = await send({ method: 'POST', url: '/api/v1/products', payload: LAMP, headers })
  t.match(second.json(), {
    status: 409,
    detail: 'The first request with this Idempotency-Key has no response yet.'
  })
  t.equal(second.headers['retry-after'], '2')
  await other.query('COMMIT')
  t.equal((await first).statusCode, 201)
})

async function waiting(client: { query(text: string): Promise<{ rowCount: number | null }> }): Promise<void> {
  const text = `SELECT FROM pg_locks WHERE NOT granted
    AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`
  while ((await client.query(text)).rowCount === 0);
}

const age = (key: string, by: string) =>
  app.pg.query('UPDATE idempotency_keys SET created_at = now() - $2::interval WHERE key = $1', [key, by])
