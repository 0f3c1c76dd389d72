import t from 'tap'
import { ImageLocks } from '../../../lib/pipeline/image-locks.ts'

const a = { id: 'a' }
const b = { id: 'b' }
const c = { id: 'c' }

t.test('what one has in hand no other takes, until it is let go', async (t) => {
  const inHand = new ImageLocks()
  using first = inHand.take([a, b])
  using second = inHand.take([b, c])
  t.same([first.taken, second.taken], [[a, b], [c]])
  first.letGo(['b', 'c'])
  using third = inHand.take([a, b, c])
  t.same(third.taken, [b])
})

t.test('the end of a hold lets go what is left of it, and nothing that others took since', async (t) => {
  const inHand = new ImageLocks()
  const first = inHand.take([a, b])
  first.letGo(['a'])
  using second = inHand.take([a])
  first[Symbol.dispose]()
  t.same(second.taken, [a])
  t.same(inHand.take([a, b]).taken, [b])
})
