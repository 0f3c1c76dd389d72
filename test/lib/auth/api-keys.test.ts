import t from 'tap'
import { ApiKeys } from '../../../lib/auth/api-keys.ts'

t.test('a key acts for all users, or for the one that is named behind it', async (t) => {
  const keys = new ApiKeys('ops-key, shop-key:7,a:b:12')
  t.match(keys.find('ops-key'), { userId: undefined })
  t.match(keys.find('shop-key'), { userId: 7 })
  t.match(keys.find('a:b'), { userId: 12 })
})

t.test('what is not exactly a key is none', async (t) => {
  const keys = new ApiKeys('shop-key:7')
  for (const key of ['', 'shop-ke', 'shop-key ', 'SHOP-KEY', 'shop-key:7', 'shop-key\0', 'x'.repeat(1e6)])
    t.equal(keys.find(key), undefined)
})

t.test('callers are told apart by names that do not hold their keys', async (t) => {
  const keys = new ApiKeys('first,second:7,third:7')
  const names = ['first', 'second', 'third'].map((key) => keys.find(key)?.name ?? '')
  t.equal(new Set(names).size, 3)
  for (const name of names) t.match(name, /^key:[0-9a-f]{16}$/)
})

t.test('lists that cannot be meant are refused without naming a key', async (t) => {
  t.throws(() => new ApiKeys('a,,b'), { message: 'a key must not be empty' })
  t.throws(() => new ApiKeys(':7'), { message: 'a key must not be empty' })
  t.throws(() => new ApiKeys('a:1,a:2'), { message: 'every key may be there only once' })
  t.throws(() => new ApiKeys('two words'), { message: 'a key must consist of visible ASCII characters' })
})

t.test('a key with a colon acts for one user or not at all', async (t) => {
  for (const entry of [
    'a:',
    'a:abc',
    'a:0',
    'a:-7',
    'a:7.0',
    'a:1e3',
    'a:٧',
    'a: 7',
    'a:7:',
    'a:2147483648',
    'a:b',
    ':'
  ])
    t.throws(
      () => new ApiKeys(entry),
      { message: 'what follows a colon must be a user id, from 1 to 2147483647' },
      entry
    )
})
