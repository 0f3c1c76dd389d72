import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'

const app = await buildTestApp(t, { MAX_IMAGES_PER_PRODUCT: '3' })
const call = await documented(app)

const url = '/api/v1/products'
const LAMP = { user_id: 1, product_name: 'Desk lamp', product_price: 100.5 }
const UNFIT = problem('invalid_request', 'The request does not match the schema.')

const create = (fields: object) => call({ method: 'POST', url, payload: { ...LAMP, ...fields } })
const createRaw = (payload: string) =>
  call({ method: 'POST', url, payload, headers: { 'content-type': 'application/json; charset=utf-8' } })

async function created(fields: object) {
  const reply = await create(fields)
  return (await call({ url: String(reply.headers.location) })).json()
}

t.test('a product can be read as soon as its creation has a response', async (t) => {
  const reply = await create({ product_description: 'Bright.' })
  const { product_id } = reply.json()
  t.equal(reply.statusCode, 201)
  t.strictSame(reply.json(), { product_id })
  t.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(reply.headers.location, `/api/v1/products/${product_id}`)
  const product = (await call({ url: `/api/v1/products/${product_id}` })).json()
  t.match(product.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.strictSame(product, {
    id: product_id,
    user_id: 1,
    external_id: null,
    product_name: 'Desk lamp',
    product_description: 'Bright.',
    product_price: 100.5,
    product_images: [],
    metadata: {},
    compressed_product_images: [],
    created_at: product.created_at,
    updated_at: product.created_at,
    image_status: 'none',
    images: []
  })
})

t.test('a field that may be left out may be null, too', async (t) => {
  const nothing = { product_description: '', product_price: 0, product_images: [] }
  for (const absent of [null, undefined]) {
    const fields = { product_description: absent, product_price: absent, product_images: absent }
    t.match(await created(fields), nothing)
  }
})

t.test('unknown fields are left out', async (t) => {
  const product = await created({ color: 'red', id: 77, version: 9, compressed_product_images: ['x'] })
  t.match(product, { compressed_product_images: [] })
  t.not(product.id, 77)
  t.notOk('color' in product)
})

t.test('blanks around the URL of an image are dropped, spaces in it encoded', async (t) => {
  const { product_images } = await created({ product_images: [' https://example.com/a b.jpg\n'] })
  t.strictSame(product_images, ['https://example.com/a%20b.jpg'])
})

t.test('prices have two decimals, exactly', async (t) => {
  for (const price of [
    0, 0.01, 0.1, 0.29, 0.57, 1.1, 1.15, 4.35, 19.99, 1e2, 524_288.07, 12_345_678.95, 99_999_999.99
  ]) {
    t.equal((await created({ product_price: price })).product_price, price)
  }
  const reply = await createRaw('{"user_id":1,"product_name":"a","product_price":1.10e1}')
  t.equal((await call({ url: String(reply.headers.location) })).json().product_price, 11)
})

t.test('floating-point noise in a price is rounded away', async (t) => {
  const noisy = [1 + 14 / 100, 0.1 + 0.2, 1.1 * 3, 4.35 * 100, 1e-7, 8.41 * 100_000]
  for (const price of noisy) {
    t.equal((await created({ product_price: price })).product_price, Number(price.toFixed(2)), String(price))
  }
})

t.test('other prices are refused', async (t) => {
  const prices: [unknown, string][] = [
    [0.001, 'must be a multiple of 0.01'],
    [1.005, 'must be a multiple of 0.01'],
    [524_288.071, 'must be a multiple of 0.01'],
    [2e-6, 'must be a multiple of 0.01'],
    [99_999_999.985, 'must be a multiple of 0.01'],
    [-0.01, 'must be >= 0'],
    [100_000_000, 'must be <= 99999999.99'],
    ['1', 'must be number or null'],
    [true, 'must be number or null'],
    [[1], 'must be number or null']
  ]
  for (const [price, detail] of prices) {
    const reply = await create({ product_price: price })
    t.strictSame(reply.json(), { ...UNFIT, errors: [{ pointer: '/product_price', detail }] }, String(price))
  }
  const endless = await createRaw('{"user_id":1,"product_name":"a","product_price":1e400}')
  t.strictSame(endless.json().errors, [{ pointer: '/product_price', detail: 'must be number or null' }])
})

t.test('text comes back as it was sent', async (t) => {
  const texts = [
    "'; DROP TABLE products; --",
    '__proto__',
    'constructor',
    ' \t\n',
    '\\',
    '100% {}',
    'ﷺ‮e\u0301',
    '🦊'.repeat(255)
  ]
  for (const text of texts) {
    const product = await created({ product_name: text, product_description: text })
    t.equal(product.product_name, text)
    t.equal(product.product_description, text)
  }
})

t.test('a field that is missing or does not fit is named', async (t) => {
  const unfit: [object, string, string][] = [
    [{ user_id: undefined }, '/user_id', 'is required'],
    [{ product_name: undefined }, '/product_name', 'is required'],
    [{ user_id: '1' }, '/user_id', 'must be integer'],
    [{ user_id: 1.5 }, '/user_id', 'must be integer'],
    [{ user_id: 0 }, '/user_id', 'must be >= 1'],
    [{ user_id: 2_147_483_648 }, '/user_id', 'must be <= 2147483647'],
    [{ product_name: '' }, '/product_name', 'must NOT have fewer than 1 characters'],
    [{ product_name: 'x'.repeat(256) }, '/product_name', 'must NOT have more than 255 characters'],
    [{ product_name: null }, '/product_name', 'must be string'],
    [{ product_description: 1 }, '/product_description', 'must be string or null'],
    [
      { product_description: 'x'.repeat(100_001) },
      '/product_description',
      'must NOT have more than 100000 characters'
    ],
    [{ product_images: 'http://a.example/' }, '/product_images', 'must be array or null'],
    [{ product_images: [1] }, '/product_images/0', 'must be string'],
    [
      { product_images: ['http://a.example/', ''] },
      '/product_images/1',
      'must NOT have fewer than 1 characters'
    ]
  ]
  for (const [fields, pointer, detail] of unfit) {
    t.strictSame((await create(fields)).json(), { ...UNFIT, errors: [{ pointer, detail }] })
  }
})

t.test(
  'NUL and half surrogate pairs, which would not come back as they were sent, are refused',
  async (t) => {
    const detail = 'must not contain NUL or half of a surrogate pair'
    for (const text of ['\\u0000', '\\ud800', '\\udc00x', 'x\\udfff']) {
      for (const field of ['product_name', 'product_description']) {
        const rest = field === 'product_name' ? '' : '"product_name":"x",'
        const reply = await createRaw(`{"user_id":1,"product_price":1,${rest}"${field}":"${text}"}`)
        t.strictSame(reply.json(), { ...UNFIT, errors: [{ pointer: `/${field}`, detail }] })
      }
      const reply = await createRaw(
        `{"user_id":1,"product_price":1,"product_name":"x","product_images":["http://a.example/${text}"]}`
      )
      t.strictSame(reply.json(), { ...UNFIT, errors: [{ pointer: '/product_images/0', detail }] })
    }
  }
)

t.test('a user who is not there is 422, up to the largest id there can be', async (t) => {
  for (const user_id of [4711, 2_147_483_647]) {
    t.strictSame(
      (await create({ user_id })).json(),
      problem('unknown_user', `There is no user ${user_id}.`, [
        { pointer: '/user_id', detail: 'is no user of this service; create one with POST /api/v1/users' }
      ])
    )
  }
})

t.test('each image that cannot be used is named, and nothing is created', async (t) => {
  const before = (await call({ url })).json().length
  const inside = 'must not point to a private or reserved address'
  const product_images = ['http://169.254.169.254/latest', 'https://localhost/a.jpg', 'ftp://a.example/b']
  t.strictSame(
    (await create({ product_images })).json(),
    problem('invalid_input', 'Some images cannot be used.', [
      { pointer: '/product_images/0', detail: inside },
      { pointer: '/product_images/1', detail: inside },
      { pointer: '/product_images/2', detail: 'must start with http:// or https:// and a host name' }
    ])
  )
  t.equal((await call({ url })).json().length, before)
})

t.test('more images than MAX_IMAGES_PER_PRODUCT are 422, more than any setting allows 400', async (t) => {
  const images = (count: number) => Array.from({ length: count }, (_, i) => `https://a.example/${i}.jpg`)
  t.strictSame(
    (await create({ product_images: images(4) })).json(),
    problem('invalid_input', 'Some images cannot be used.', [
      { pointer: '/product_images', detail: 'must not be more than 3 images' }
    ])
  )
  t.strictSame((await create({ product_images: images(1001) })).json(), {
    ...UNFIT,
    errors: [{ pointer: '/product_images', detail: 'must NOT have more than 1000 items' }]
  })
})
