import t from 'tap'
import { problem } from '../../support/problem.ts'
import { ada, bob, LAMP, LAMP_OF_BOB, ops, PRODUCTS, serviceWithKeys, token } from './callers.ts'

const { call, foreign } = await serviceWithKeys(t)

const notYours = (pointer: string) =>
  problem('forbidden', 'These credentials do not act for that user.', [
    { pointer, detail: 'must be 1, the user that these credentials act for' }
  ])

t.test('another user in the body is refused', async (t) => {
  const expected = notYours('/user_id')
  for (const [method, url, payload] of [
    ['POST', PRODUCTS, LAMP_OF_BOB],
    ['PUT', foreign.url, LAMP_OF_BOB],
    ['PUT', PRODUCTS, { ...LAMP_OF_BOB, id: foreign.id }]
  ] as const) {
    t.strictSame((await call({ method, url, payload, headers: ada })).json(), expected)
  }
})

t.test('another user’s product is not there, not even cached', async (t) => {
  const expected = problem('not_found', `There is no product ${foreign.id}.`)
  t.equal((await call({ url: foreign.url, headers: bob })).statusCode, 200)
  for (const [method, url, payload] of [
    ['GET', foreign.url, undefined],
    ['GET', `${foreign.url}/events`, undefined],
    ['PUT', foreign.url, LAMP],
    ['PUT', PRODUCTS, { ...LAMP, id: foreign.id }],
    ['DELETE', foreign.url, undefined],
    ['POST', `${foreign.url}/reprocess`, undefined]
  ] as const) {
    t.strictSame((await call({ method, url, headers: ada, ...(payload && { payload }) })).json(), expected)
  }
  t.match((await call({ url: foreign.url, headers: bob })).json(), { user_id: 2, product_name: 'Desk lamp' })
})

t.test('lists show what belongs to the caller', async (t) => {
  const owners = async (headers: typeof ops, query = '') => {
    const products: { user_id: number }[] = (await call({ url: `${PRODUCTS}${query}`, headers })).json()
    return products.map(({ user_id }) => user_id)
  }
  t.strictSame(await owners(ada), [1])
  t.strictSame(await owners(bob), [2])
  t.strictSame(await owners(bob, '?user_id='), [2])
  t.strictSame(await owners(bob, '?user_id=2'), [2])
  t.strictSame(await owners(ops), [2, 1])
  t.strictSame(await owners(ops, '?user_id=2'), [2])
  t.strictSame((await call({ url: `${PRODUCTS}?user_id=2`, headers: ada })).json(), notYours('user_id'))
})

t.test('a caller sees their own user, and only callers for all create users', async (t) => {
  t.strictSame((await call({ url: '/api/v1/users/2', headers: bob })).json(), { user_id: 2, username: 'bob' })
  t.strictSame(
    (await call({ url: '/api/v1/users/1', headers: bob })).json(),
    problem('not_found', 'There is no user 1.')
  )
  const eve = { method: 'POST', url: '/api/v1/users', payload: { username: 'eve' } } as const
  t.strictSame(
    (await call({ ...eve, headers: bob })).json(),
    problem('forbidden', 'This needs credentials for all users.')
  )
  t.equal((await call({ ...eve, headers: ops })).statusCode, 201)
})

t.test('callers for all act for every user', async (t) => {
  const headers = { authorization: `Bearer ${await token({ sub: '9', scope: 'read admin' })}` }
  const product = await call({ method: 'POST', url: PRODUCTS, payload: LAMP_OF_BOB, headers })
  const url = String(product.headers.location)
  t.equal((await call({ method: 'PUT', url, payload: LAMP_OF_BOB, headers })).statusCode, 200)
  t.equal((await call({ method: 'POST', url: `${url}/reprocess`, headers })).statusCode, 202)
  t.equal((await call({ method: 'DELETE', url, headers })).statusCode, 204)
})
