import t from 'tap'
import { ApiKeys } from '../../../lib/auth/api-keys.ts'

const OPS = 'key-of-operations'
const SHOP = 'key-of-the-shop-7'

t.test('a key acts for all users, or for the one that follows its colon', async (t) => {
  const keys = new ApiKeys(`${OPS}, ${SHOP}:7,${SHOP}:b:12`)
  t.match(keys.find(OPS), { userId: undefined })
  t.match(keys.find(SHOP), { userId: 7 })
  t.match(keys.find(`${SHOP}:b`), { userId: 12 })
})

t.test('a key that is followed by read acts for all users, but changes nothing', async (t) => {
  const keys = new ApiKeys(`${OPS}:read , ${SHOP}`)
  t.match(keys.find(OPS), { userId: undefined, isReadOnly: true })
  t.match(keys.find(SHOP), { userId: undefined, isReadOnly: false })
})

t.test('only the exact key is found', async (t) => {
  const keys = new ApiKeys(`${SHOP}:7`)
  for (const key of [
    '',
    SHOP.slice(1),
    `${SHOP} `,
    SHOP.toUpperCase(),
    `${SHOP}:7`,
    `${SHOP}\0`,
    'x'.repeat(1e6)
  ])
    t.equal(keys.find(key), undefined)
})

t.test('callers have different names, which do not contain their keys', async (t) => {
  const keys = new ApiKeys(`${OPS},${SHOP}:7,${SHOP}-too:7`)
  const names = [OPS, SHOP, `${SHOP}-too`].map((key) => keys.find(key)?.name ?? '')
  t.equal(new Set(names).size, 3)
  for (const name of names) t.match(name, /^key:[0-9a-f]{16}$/)
})

t.test('a list that contains no proper key is refused without naming one', async (t) => {
  const short = 'a key must have at least 16 characters; `openssl rand -hex 24` makes one'
  const example = 'a key is still an example; `openssl rand -hex 24` makes one'
  const refused: [string, string][] = [
    [`${OPS},,${SHOP}`, short],
    [':7', short],
    ['fifteen-letters', short],
    ['hunter2:1', short],
    [`${OPS}:1,${OPS}:2`, 'it must not contain a key twice'],
    [`${OPS} and another`, 'a key must consist of visible ASCII characters'],
    ['change-me-please-now', example],
    ['CHANGEME-CHANGEME', example],
    ['your-api-key-goes-here', example],
    ['example-key-for-the-shop:7', example],
    ['<openssl-rand-hex-24>', example],
    ['replace-this-with-a-secret', example]
  ]
  for (const [text, message] of refused) t.throws(() => new ApiKeys(text), { message }, text)
})

t.test('a key with a colon acts for one user or not at all', async (t) => {
  for (const id of ['', 'abc', '0', '-7', '7.0', '1e3', '٧', ' 7', '7:', '2147483648', 'b', 'READ', 'write'])
    t.throws(
      () => new ApiKeys(`${SHOP}:${id}`),
      { message: 'a colon must be followed by read, or by a user id from 1 to 2147483647' },
      id
    )
})
