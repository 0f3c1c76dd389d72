import t from 'tap'
import { ref } from '../../../lib/http/schema-ref.ts'
import { ProductInput, ProductReplacement } from '../../../lib/products/schemas.ts'
import { buildTestApp } from '../../support/app.ts'

const app = await buildTestApp(t)

const LAMP = { id: 1, user_id: 1, product_name: 'Desk lamp' }

/** Whether the body with that price is accepted, for a POST and for a PUT. */
const validators = [ProductInput, ProductReplacement].map((schema) => {
  const validate = app.validatorCompiler?.({
    schema: ref(schema),
    httpPart: 'body',
    method: 'POST',
    url: '/api/v1/products'
  })
  return (product_price: number) => validate?.({ ...LAMP, product_price }) === true
})

const MAX_CENTS = 9_999_999_999

/** Cents from the whole range: the first and last, those around each power of two, and a random sample. */
function* sample(): Generator<number> {
  for (let cents = 0; cents < 20_000; cents++) yield* [cents, MAX_CENTS - cents]
  for (let power = 1; power <= MAX_CENTS; power *= 2)
    for (let cents = power - 500; cents < power + 500; cents++)
      for (const around of [cents, cents * 100]) if (around >= 0 && around <= MAX_CENTS) yield around
  for (let i = 0; i < 200_000; i++) yield Math.floor(Math.random() * (MAX_CENTS + 1))
}

/** The number that a client writes in digits. */
const price = (cents: number) => Number(`${cents}e-2`)

t.test('every cent is a price, over the whole range', async (t) => {
  for (const accepts of validators) {
    const refused: number[] = []
    for (const cents of sample()) if (!accepts(price(cents))) refused.push(price(cents))
    t.strictSame(refused.slice(0, 5), [], `${refused.length} prices were refused`)
    for (const known of [524_288.07, 7_442_978.02, 12_345_678.95, 33_333_333.33])
      t.ok(accepts(known), `${known}`)
  }
})

t.test('a price with a third decimal is refused, over the whole range', async (t) => {
  for (const accepts of validators) {
    const accepted: number[] = []
    for (const cents of sample()) {
      const third = Number(`${cents}${1 + (cents % 9)}e-3`)
      if (accepts(third)) accepted.push(third)
    }
    t.strictSame(accepted.slice(0, 5), [], `${accepted.length} prices were accepted`)
    for (const other of [0.001, 1.005, 0.00001, 0.000002, 99_999_999.985]) t.notOk(accepts(other), `${other}`)
  }
})

t.test('floating-point noise is accepted', async (t) => {
  for (const accepts of validators) {
    const sums = [1 + 14 / 100, 0.1 + 0.2, 1.1 * 3, 0.07 * 100, 1e-7]
    for (const noisy of sums) t.ok(accepts(noisy), `${noisy}`)
  }
})
