import t from 'tap'
import { AppError } from '../../../lib/http/app-error.ts'
import { encodeCursor, listStatement, MAX_SCANNED } from '../../../lib/products/list.ts'

const conditions = (text: string) => /FROM products p WHERE (.*?)\s+ORDER BY/s.exec(text)?.[1]?.trim()
const FIRST_PAGE = { user_id: 1, limit: 50 }

t.test(
  'only filters that are there become conditions, and one product more than a page is asked for',
  async (t) => {
    const { text, values } = listStatement(FIRST_PAGE)
    t.equal(conditions(text), 'p.user_id = $1')
    t.match(text, /ORDER BY p\.created_at DESC, p\.id DESC LIMIT \$2\)/)
    t.strictSame(values, [1, 51])
  }
)

t.test('a bound of 0 is a bound', async (t) => {
  const { text, values } = listStatement({ ...FIRST_PAGE, min_price: 0, max_price: 0 })
  t.equal(
    conditions(text),
    'p.user_id = $1 AND p.product_price >= $2::numeric AND p.product_price <= $3::numeric'
  )
  t.strictSame(values, [1, 0, 0, 51])
})

t.test('wildcards in the name stand for themselves', async (t) => {
  const { values } = listStatement({ ...FIRST_PAGE, product_name: '50%_\\' })
  t.equal(values[1], '50\\%\\_\\\\')
})

t.test('the cursor says exactly where a page ended', async (t) => {
  const cursor = encodeCursor({ id: 7, created_us: '1767225600123456' })
  t.match(cursor, /^[\w-]+$/)
  const { text, values } = listStatement({ ...FIRST_PAGE, cursor })
  t.match(conditions(text), /AND \(p\.created_at, p\.id\) < /)
  t.strictSame(values, [1, '1767225600123456', 7, 51])
})

t.test('times before 1970 and years of five digits are kept', async (t) => {
  for (const created_us of ['-1', '-62135596800000000', '99999999999999999']) {
    const { values } = listStatement({
      ...FIRST_PAGE,
      cursor: encodeCursor({ id: 7, created_us })
    })
    t.equal(values[1], created_us)
  }
})

t.test('the products of all users are in the order of their ids', async (t) => {
  const cursor = encodeCursor({ id: 7, created_us: '1767225600123456' })
  const { text, values } = listStatement({ limit: 50, cursor })
  t.equal(conditions(text), 'p.id < $1::integer')
  t.match(text, /ORDER BY p\.id DESC LIMIT \$2\)/)
  t.strictSame(values, [7, 51])
  t.equal(conditions(listStatement({ limit: 50 }).text), 'true')
})

t.test('a name that no trigram can find is searched in a bounded part of the list', async (t) => {
  for (const product_name of ['%', 'ab', 'a b c', '%'.repeat(255), 'äöü', '---']) {
    t.match(listStatement({ ...FIRST_PAGE, product_name }).text, `LIMIT ${MAX_SCANNED}`, product_name)
  }
  for (const product_name of ['abc', '12%345', 'ABC']) {
    t.notMatch(listStatement({ ...FIRST_PAGE, product_name }).text, `LIMIT ${MAX_SCANNED}`, product_name)
  }
})

t.test('text that is not a cursor is refused by its name', async (t) => {
  for (const text of ['', '1', '1.1.1', '1.2147483648', '999999999999999999.1', '1.1; DROP TABLE products']) {
    const cursor = `${Buffer.from(text).toString('base64url')}` || 'x'
    try {
      listStatement({ ...FIRST_PAGE, cursor })
      t.fail(text)
    } catch (error) {
      t.ok(error instanceof AppError)
      t.match(error, { code: 'invalid_request', problems: [{ pointer: 'cursor' }] })
    }
  }
})
