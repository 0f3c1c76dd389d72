import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { documented } from '../support/openapi-conformance.ts'
import { problem } from '../support/problem.ts'

const app = await buildTestApp(t)
const call = await documented(app)

const create = (payload: object | string) =>
  call({ method: 'POST', url: '/api/v1/users', payload, headers: { 'content-type': 'application/json' } })

t.test('user 1 is there from the beginning', async (t) => {
  const reply = await call({ url: '/api/v1/users/1' })
  t.equal(reply.statusCode, 200)
  t.strictSame(reply.json(), { user_id: 1, username: 'testuser' })
})

t.test('a user can own products as soon as its creation has a response', async (t) => {
  for (const username of ['ada', 'Ünï 🦊', '__proto__', 'constructor', "'; --", '🦊'.repeat(100)]) {
    const reply = await create({ username })
    const { user_id } = reply.json()
    t.equal(reply.statusCode, 201)
    t.strictSame(reply.json(), { user_id })
    t.equal(reply.headers.location, `/api/v1/users/${user_id}`)
    t.strictSame((await call({ url: `/api/v1/users/${user_id}` })).json(), { user_id, username })
    const payload = { user_id, product_name: 'Desk lamp', product_price: 1 }
    t.equal((await call({ method: 'POST', url: '/api/v1/products', payload })).statusCode, 201)
  }
})

t.test('two users may have the same name', async (t) => {
  const [one, other] = [
    (await create({ username: 'ada' })).json(),
    (await create({ username: 'ada' })).json()
  ]
  t.not(one.user_id, other.user_id)
})

t.test('a name that does not fit is 400', async (t) => {
  const unfit: [object | string, string, string][] = [
    [{}, '/username', 'is required'],
    [{ username: '' }, '/username', 'must NOT have fewer than 1 characters'],
    [{ username: 'x'.repeat(101) }, '/username', 'must NOT have more than 100 characters'],
    [{ username: 7 }, '/username', 'must be string'],
    [{ username: null }, '/username', 'must be string'],
    ['{"username":"\\u0000"}', '/username', 'must not contain NUL or half of a surrogate pair'],
    ['{"username":"\\ud800"}', '/username', 'must not contain NUL or half of a surrogate pair']
  ]
  for (const [payload, pointer, detail] of unfit) {
    t.strictSame(
      (await create(payload)).json(),
      problem('invalid_request', 'The request does not match the schema.', [{ pointer, detail }])
    )
  }
})

t.test('a user who is not there is 404', async (t) => {
  for (const id of [4711, 2_147_483_647]) {
    t.strictSame(
      (await call({ url: `/api/v1/users/${id}` })).json(),
      problem('not_found', `There is no user ${id}.`)
    )
  }
})
