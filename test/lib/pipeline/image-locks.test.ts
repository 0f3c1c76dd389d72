import t from 'tap'
import { ImageLocks } from '../../../lib/pipeline/image-locks.ts'

const a = { id: 'a', generation: 1 }
const b = { id: 'b', generation: 1 }
const c = { id: 'c', generation: 1 }

t.test('an image that is locked cannot be locked again until it is released', async (t) => {
  const locks = new ImageLocks()
  const first = locks.acquire([a, b])
  const second = locks.acquire([b, c])
  t.same([first.held, second.held], [[a, b], [c]])
  first.release()
  t.same(locks.acquire([a, b, c]).held, [a, b])
})

t.test('a lock on an image is none on its next generation', async (t) => {
  const locks = new ImageLocks()
  locks.acquire([a])
  t.same(locks.acquire([a, { id: 'a', generation: 2 }]).held, [{ id: 'a', generation: 2 }])
})

t.test('the end of a released lock releases nothing that others have locked since', async (t) => {
  const locks = new ImageLocks()
  {
    using first = locks.acquire([a])
    first.release()
    t.same(locks.acquire([a]).held, [a])
  }
  t.same(locks.acquire([a]).held, [])
})

t.test('a lock ends with its scope', async (t) => {
  const locks = new ImageLocks()
  {
    using lock = locks.acquire([a])
    t.same(lock.held, [a])
  }
  t.same(locks.acquire([a]).held, [a])
})
