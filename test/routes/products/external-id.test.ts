import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'

const app = await buildTestApp(t)
const call = await documented(app)

const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
const METADATA = { zebra: 1, color: 'green', nested: { sizes: [1, 2.5, null], text: '\u0000 – ü' } }

const post = (payload: object) => call({ method: 'POST', url: '/api/v1/products', payload })
const put = (id: number, payload: object) =>
  call({ method: 'PUT', url: `/api/v1/products/${id}`, payload: { ...LAMP, ...payload } })
const read = async (id: number) => (await call({ url: `/api/v1/products/${id}` })).json()
const find = async (externalId: string) =>
  (await call({ url: `/api/v1/products?external_id=${encodeURIComponent(externalId)}` })).json()

async function createLamp(fields: object): Promise<number> {
  return (await post({ ...LAMP, ...fields })).json().product_id
}

t.test('an external id and metadata are returned as they were sent', async (t) => {
  const id = await createLamp({ external_id: 'ä/1 %', metadata: METADATA })
  const product = await read(id)
  t.strictSame([product.external_id, JSON.stringify(product.metadata)], ['ä/1 %', JSON.stringify(METADATA)])
  t.strictSame(await find('ä/1 %'), [product])
  t.strictSame(await find('ä/1'), [])
})

t.test('without them they are null and empty', async (t) => {
  for (const fields of [{}, { external_id: null, metadata: null }, { metadata: {} }]) {
    t.match(await read(await createLamp(fields)), { external_id: null, metadata: {} })
  }
})

t.test('a replacement keeps what it leaves out, and changes what it has', async (t) => {
  const id = await createLamp({ external_id: 'kept', metadata: METADATA })
  for (const fields of [{}, { external_id: null, metadata: null }]) {
    await put(id, fields)
    t.match(await read(id), { external_id: 'kept', metadata: METADATA })
  }
  await put(id, { external_id: 'changed', metadata: { other: true } })
  t.strictSame((await read(id)).metadata, { other: true })
  t.match(await find('kept'), [])
  await put(id, { metadata: {} })
  t.match(await read(id), { external_id: 'changed', metadata: {} })
})

t.test('an external id is taken only among the products of its user', async (t) => {
  const user = await call({ method: 'POST', url: '/api/v1/users', payload: { username: 'ada' } })
  await createLamp({ external_id: 'once' })
  const other = await createLamp({ external_id: 'other' })
  for (const reply of [
    await post({ ...LAMP, external_id: 'once' }),
    await put(other, { external_id: 'once' })
  ]) {
    t.match(reply.json(), {
      status: 409,
      code: 'external_id_taken',
      errors: [{ pointer: '/external_id', detail: /PUT \/api\/v1\/products\/by-external-id/ }]
    })
  }
  t.equal((await post({ ...LAMP, ...user.json(), external_id: 'once' })).statusCode, 201)
  const { id } = (await find('once'))[0]
  await call({ method: 'DELETE', url: `/api/v1/products/${id}` })
  t.equal((await post({ ...LAMP, external_id: 'once' })).statusCode, 201)
})

t.test('of many that create the same one at once, one does', async (t) => {
  const replies = await Promise.all(Array.from({ length: 9 }, () => post({ ...LAMP, external_id: 'race' })))
  const statuses = replies.map(({ statusCode }) => statusCode)
  t.strictSame(statuses.sort(), [201, 409, 409, 409, 409, 409, 409, 409, 409])
})

t.test('a body that does not fit is refused with all its faults', async (t) => {
  const size = 'must be at most 16384 bytes of JSON, nested at most 32 levels'
  const deep = JSON.parse(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`)
  const wrong: [object, { pointer: string; detail: string }[]][] = [
    [{ external_id: '' }, [{ pointer: '/external_id', detail: 'must NOT have fewer than 1 characters' }]],
    [
      { external_id: 'x'.repeat(256), metadata: [] },
      [
        { pointer: '/external_id', detail: 'must NOT have more than 255 characters' },
        { pointer: '/metadata', detail: 'must be object or null' }
      ]
    ],
    [{ metadata: { text: 'ü'.repeat(8187) } }, [{ pointer: '/metadata', detail: size }]],
    [{ metadata: deep }, [{ pointer: '/metadata', detail: size }]]
  ]
  for (const [fields, errors] of wrong)
    t.strictSame((await post({ ...LAMP, ...fields })).json().errors, errors)
  t.equal((await post({ ...LAMP, metadata: { text: 'ü'.repeat(8186) } })).statusCode, 201)
  t.equal((await post({ ...LAMP, metadata: deep.a })).statusCode, 201)
})
