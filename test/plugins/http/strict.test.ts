import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'

const app = await buildTestApp(t)
const call = await documented(app)

const STRICT = { prefer: 'handling=strict' }
const LAMP = { user_id: 1, product_name: 'Desk lamp' }

const create = (payload: object, headers: Record<string, string>) =>
  call({ method: 'POST', url: '/api/v1/products', payload, headers })

t.test('an unknown field is ignored, unless the request asks for strict handling', async (t) => {
  const payload = { ...LAMP, product_prise: 9 }
  for (const prefer of ['', 'handling=lenient', 'respond-async', 'handling=lenient, handling=strict']) {
    const reply = await create(payload, { prefer })
    t.equal(reply.statusCode, 201, prefer)
    t.equal(reply.headers['preference-applied'], undefined)
  }
  const spellings = ['handling=strict', 'Handling="strict"', 'respond-async, handling=strict; x=1, wait=5']
  for (const prefer of spellings) {
    t.strictSame(
      (await create(payload, { prefer })).json(),
      problem('invalid_request', 'The request does not match the schema.', [
        { pointer: '/product_prise', detail: 'is not a field of this request' }
      ]),
      prefer
    )
  }
})

t.test('a strict request that fits is accepted, and the response says so', async (t) => {
  const created = await create(LAMP, STRICT)
  t.equal(created.statusCode, 201)
  t.equal(created.headers['preference-applied'], 'handling=strict')
  const read = await call({ url: String(created.headers.location), headers: STRICT })
  t.equal(read.statusCode, 200)
})

t.test('unknown fields are named beside every other violation', async (t) => {
  const reply = await create({ product_name: '', 'a/b~c': 1, constructor: 2 }, STRICT)
  t.strictSame(reply.json().errors, [
    { pointer: '/user_id', detail: 'is required' },
    { pointer: '/product_name', detail: 'must NOT have fewer than 1 characters' },
    { pointer: '/a~1b~0c', detail: 'is not a field of this request' },
    { pointer: '/constructor', detail: 'is not a field of this request' }
  ])
})

t.test('every route with a body can be strict', async (t) => {
  const routes = [
    { method: 'PUT', url: '/api/v1/products', payload: { ...LAMP, id: 1 } },
    { method: 'PUT', url: '/api/v1/products/1', payload: LAMP },
    { method: 'POST', url: '/api/v1/users', payload: { username: 'ada' } }
  ] as const
  for (const { payload, ...route } of routes) {
    const send = (more: object) => call({ ...route, payload: { ...payload, ...more }, headers: STRICT })
    t.match((await send({ colour: 'red' })).json(), { errors: [{ pointer: '/colour' }] }, route.url)
    t.ok((await send({})).statusCode < 400, route.url)
  }
})

t.test('a mebibyte of unknown fields gets a short response', async (t) => {
  const payload = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`field ${i}`, 1]))
  const reply = await create({ ...payload, ['x'.repeat(100_000)]: 1 }, STRICT)
  t.equal(reply.json().errors.length, 100)
  const long = await create({ ...LAMP, ['x'.repeat(100_000)]: 1 }, STRICT)
  t.ok(long.body.length < 1000)
})
