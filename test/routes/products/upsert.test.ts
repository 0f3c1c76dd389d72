import t, { type Test } from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { PLACES } from '../../support/places.ts'

const KEY = 'key-for-all-users'
const ADA = 'key-for-ada-only-x'

const externalIds = ['SKU-1', 'a/b ü%', 'x'.repeat(255), 'ü'.repeat(255)]

for (const { place, options, create } of PLACES) {
  t.test(`products by external id (${place})`, options, async (t) => {
    const { variables } = await create(t)
    const app = await buildTestApp(t, variables)
    const call = await documented(app)
    const put = (externalId: string, payload: object = {}) =>
      call({
        method: 'PUT',
        url: `/api/v1/products/by-external-id/${encodeURIComponent(externalId)}`,
        payload
      })
    const find = async (externalId: string) =>
      (await call({ url: `/api/v1/products?external_id=${encodeURIComponent(externalId)}` })).json()

    t.test('the first call creates, with defaults, and the second replaces', async (t) => {
      for (const externalId of externalIds) {
        const created = await put(externalId)
        t.equal(created.statusCode, 201, externalId)
        const [product] = await find(externalId)
        t.match(product, {
          id: created.json().product_id,
          user_id: 1,
          external_id: externalId,
          product_name: externalId,
          product_price: 0,
          image_status: 'none'
        })
        const replaced = await put(externalId, { product_price: 2, metadata: { a: 1 } })
        t.strictSame([replaced.statusCode, replaced.json()], [200, created.json()])
        t.match(await find(externalId), [
          { product_price: 2, metadata: { a: 1 }, created_at: product.created_at }
        ])
      }
    })

    t.test('the same again changes nothing', async (t) => {
      const body = {
        product_name: 'Lamp',
        product_price: 0.3,
        metadata: { b: 1, a: 2 }
      }
      await put('same', body)
      const before = await find('same')
      t.equal((await put('same', body)).statusCode, 200)
      t.strictSame(await find('same'), before)
    })

    t.test('of concurrent calls one creates, and none fails', async (t) => {
      for (const round of ['one', 'two', 'three']) {
        const replies = await Promise.all(
          Array.from({ length: 12 }, (_, n) => put(round, { product_price: n }))
        )
        const created = replies.filter(({ statusCode }) => statusCode === 201)
        t.strictSame([created.length, new Set(replies.map(({ body }) => body)).size], [1, 1])
      }
    })

    t.test('calls, deletions and renamings at once leave at most one product', async (t) => {
      const rounds = Array.from({ length: 8 }, async (_, n) => {
        const { product_id } = (await put('busy', { product_price: n })).json()
        if (n % 2) await app.inject({ method: 'DELETE', url: `/api/v1/products/${product_id}` })
        else {
          const payload = { user_id: 1, product_name: 'x', external_id: `renamed ${n}` }
          await app.inject({ method: 'PUT', url: `/api/v1/products/${product_id}`, payload })
        }
      })
      await Promise.all(rounds)
      t.ok((await find('busy')).length <= 1)
      await put('busy')
      t.equal((await find('busy')).length, 1)
    })

    t.test('a request that cannot be met is refused', async (t) => {
      const wrong: [externalId: string, body: object, status: number, pointer: string][] = [
        ['x'.repeat(256), {}, 400, 'external_id'],
        ['one', { external_id: 'two' }, 422, '/external_id'],
        ['one', { product_images: ['ftp://a.example/'] }, 422, '/product_images/0'],
        ['one', { product_price: -1 }, 400, '/product_price'],
        ['new', { user_id: 4711 }, 422, '/user_id']
      ]
      for (const [externalId, body, status, pointer] of wrong) {
        t.match((await put(externalId, body)).json(), { status, errors: [{ pointer }] })
      }
      t.equal((await put('one', { external_id: 'one' })).statusCode, 200)
    })
  })
}

t.test('the product is that of the caller, who may name no other user', async (t: Test) => {
  const app = await buildTestApp(t, { API_KEYS: `${KEY},${ADA}:2` })
  const call = await documented(app)
  const put = (key: string, payload: object) =>
    call({
      method: 'PUT',
      url: '/api/v1/products/by-external-id/one',
      headers: { 'x-api-key': key },
      payload
    })
  await call({
    method: 'POST',
    url: '/api/v1/users',
    headers: { 'x-api-key': KEY },
    payload: { username: 'ada' }
  })
  t.match((await put(KEY, {})).json(), {
    status: 400,
    errors: [{ pointer: '/user_id', detail: 'is required: these credentials act for all users' }]
  })
  t.equal((await put(KEY, { user_id: 1 })).statusCode, 201)
  t.equal((await put(ADA, {})).statusCode, 201)
  t.equal((await put(ADA, { user_id: 1 })).statusCode, 403)
})
