import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { problem } from '../../support/problem.ts'

const app = await buildTestApp(t)
const call = await documented(app)

const list = async (query: string) => call({ url: `/api/v1/products?${query}` })
const names = async (query: string) =>
  (await list(query)).json().map((product: { product_name: string }) => product.product_name)

/** A user of their own for each test. */
async function createUser(): Promise<number> {
  return (await call({ method: 'POST', url: '/api/v1/users', payload: { username: 'ada' } })).json().user_id
}

/** Products from the oldest to the newest. */
async function createProducts(user_id: number, products: [name: string, price: number][]) {
  for (const [product_name, product_price] of products) {
    await call({ method: 'POST', url: '/api/v1/products', payload: { user_id, product_name, product_price } })
  }
}

t.test('the list holds whole products, newest first, of user 1 unless another is asked for', async (t) => {
  await createProducts(1, [['first', 1]])
  await createProducts(1, [['second', 2]])
  const other = await createUser()
  await createProducts(other, [['of another', 3]])
  const reply = await list('')
  t.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
  t.notOk('link' in reply.headers)
  const [second, first] = reply.json()
  t.strictSame(reply.json(), [
    (await call({ url: `/api/v1/products/${second.id}` })).json(),
    (await call({ url: `/api/v1/products/${first.id}` })).json()
  ])
  t.strictSame(await names(''), ['second', 'first'])
  t.strictSame(await names(`user_id=${other}`), ['of another'])
  t.strictSame(await names('user_id=2147483647'), [])
})

t.test('an empty value is no filter', async (t) => {
  t.strictSame(
    await names('user_id=&min_price=&max_price=&product_name=&image_status=&limit=&cursor='),
    await names('')
  )
})

t.test('price bounds are inclusive, and 0 is one', async (t) => {
  const user = await createUser()
  await createProducts(user, [
    ['free', 0],
    ['cheap', 0.29],
    ['dear', 99_999_999.99]
  ])
  const expected: [string, string[]][] = [
    ['min_price=0', ['dear', 'cheap', 'free']],
    ['max_price=0', ['free']],
    ['min_price=0&max_price=0', ['free']],
    ['min_price=0.29', ['dear', 'cheap']],
    ['max_price=0.29', ['cheap', 'free']],
    ['min_price=0.291', ['dear']],
    ['min_price=0.01&max_price=1', ['cheap']],
    ['min_price=99999999.99', ['dear']],
    ['min_price=2&max_price=1', []]
  ]
  for (const [query, found] of expected) t.strictSame(await names(`user_id=${user}&${query}`), found, query)
})

t.test('the name is looked for anywhere, in any case, and to the letter', async (t) => {
  const user = await createUser()
  const all = ['100% Wool', '100 Wool', 'a_b', 'axb', 'C:\\temp', 'Ärmel', "O'Neill", 'percent%']
  await createProducts(
    user,
    all.map((name) => [name, 1])
  )
  const expected: [string, string[]][] = [
    ['wool', ['100 Wool', '100% Wool']],
    ['WOOL', ['100 Wool', '100% Wool']],
    ['0 w', ['100 Wool']],
    ['%', ['percent%', '100% Wool']],
    ['0%', ['100% Wool']],
    ['a_b', ['a_b']],
    ['_', ['a_b']],
    ['\\', ['C:\\temp']],
    ['\\t', ['C:\\temp']],
    ['ÄRM', ['Ärmel']],
    ['ä', ['Ärmel']],
    ["o'n", ["O'Neill"]],
    ['nothing', []]
  ]
  for (const [text, found] of expected) {
    t.strictSame(await names(`user_id=${user}&product_name=${encodeURIComponent(text)}`), found, text)
  }
})

t.test('image_status finds products by what became of their images', async (t) => {
  const user = await createUser()
  const kinds = {
    none: [],
    pending: ['done', 'pending'],
    done: ['done', 'done'],
    partial: ['done', 'failed'],
    failed: ['failed']
  }
  for (const [name, statuses] of Object.entries(kinds)) {
    const urls = statuses.map((status, index) => `http://a.example/${index}-${status}`)
    await app.pg.query(
      `WITH product AS (
         INSERT INTO products (user_id, product_name, product_price, product_images, version)
         VALUES ($1, $2, 1, $3, 1) RETURNING id
       )
       INSERT INTO product_images (product_id, source_url, status)
       SELECT product.id, url, status FROM product, unnest($3::text[], $4::text[]) AS image (url, status)`,
      [user, name, urls, statuses]
    )
  }
  for (const status of Object.keys(kinds)) {
    const reply = await list(`user_id=${user}&image_status=${status}`)
    t.match(reply.json(), [{ product_name: status, image_status: status }])
  }
})

t.test('a parameter that does not match the schema is named', async (t) => {
  const unfit: [string, string, string][] = [
    ['user_id=0', 'user_id', 'must be >= 1'],
    ['user_id=x', 'user_id', 'must be integer'],
    ['user_id=2147483648', 'user_id', 'must be <= 2147483647'],
    ['user_id=Infinity', 'user_id', 'must be <= 2147483647'],
    ['user_id=1&user_id=2', 'user_id', 'must be integer'],
    ['min_price=x', 'min_price', 'must be number'],
    ['min_price=-1', 'min_price', 'must be >= 0'],
    ['min_price=NaN', 'min_price', 'must be number'],
    ['max_price=1e400', 'max_price', 'must be <= 99999999.99'],
    ['limit=0', 'limit', 'must be >= 1'],
    ['limit=1001', 'limit', 'must be <= 1000'],
    ['limit=1.5', 'limit', 'must be integer'],
    ['limit=Infinity', 'limit', 'must be <= 1000'],
    ['product_name=a%00', 'product_name', 'must not contain NUL or half of a surrogate pair'],
    [`product_name=${'x'.repeat(101)}`, 'product_name', 'must NOT have more than 100 characters'],
    ['product_name=a&product_name=b', 'product_name', 'must be string'],
    [
      'image_status=lost',
      'image_status',
      'must be equal to one of the allowed values: none, pending, done, partial, failed'
    ]
  ]
  for (const [query, pointer, detail] of unfit) {
    t.strictSame(
      (await list(query)).json(),
      problem('invalid_request', 'The request does not match the schema.', [{ pointer, detail }])
    )
  }
})

t.test('a cursor that is not from a Link header is 400', async (t) => {
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const cursors = [
    'zzz',
    '%00',
    ...['', '1', '1.', '.1', '1.1.1', '1.-1', '1.2147483648', '1e3.1', '-999999999999999999.1'].map(encode)
  ]
  for (const cursor of cursors.filter((cursor) => cursor !== '')) {
    const reply = await list(`cursor=${cursor}`)
    t.strictSame(
      reply.json(),
      problem('invalid_request', 'The cursor cannot be used.', [
        {
          pointer: 'cursor',
          detail: 'is not a cursor of this service; take it from the Link header of the previous page'
        }
      ])
    )
  }
})

t.test('unknown parameters are ignored', async (t) => {
  for (const query of ['color=red', '__proto__=1', 'constructor=1', 'toString=']) {
    t.strictSame(await names(query), await names(''), query)
  }
})
