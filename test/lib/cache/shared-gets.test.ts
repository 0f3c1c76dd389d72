import t from 'tap'
import { SharedGets } from '../../../lib/cache/shared-gets.ts'

/** A Redis that has `values`, and keeps what it was asked. */
function redis(values: Record<string, string>) {
  const asked: string[][] = []
  const mget = async (keys: string[]) => {
    asked.push(keys)
    if (keys.includes('refused')) throw new Error('NOPERM')
    return keys.map((key) => values[key] ?? null)
  }
  return { asked, gets: new SharedGets({ mget: (...keys: unknown[]) => mget(keys.flat().map(String)) }) }
}

t.test('Reads of one turn share a command, and each gets its own value', async (t) => {
  const { asked, gets } = redis({ a: '1', b: '2' })
  t.strictSame(await Promise.all(['a', 'none', 'b', 'a'].map((key) => gets.get(key))), ['1', null, '2', '1'])
  t.strictSame(asked, [['a', 'none', 'b', 'a']])
})

t.test('A later read has a command of its own', async (t) => {
  const { asked, gets } = redis({ a: '1' })
  t.equal(await gets.get('a'), '1')
  t.equal(await gets.get('a'), '1')
  t.strictSame(asked, [['a'], ['a']])
})

t.test('All reads that share a command reject when it fails, and later ones do not', async (t) => {
  const { gets } = redis({ a: '1' })
  const [first, second] = await Promise.allSettled([gets.get('a'), gets.get('refused')])
  t.equal(first?.status, 'rejected')
  t.equal(second?.status, 'rejected')
  t.equal(await gets.get('a'), '1')
})
