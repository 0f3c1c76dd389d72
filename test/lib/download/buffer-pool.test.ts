import t from 'tap'
import { BufferPool } from '../../../lib/download/buffer-pool.ts'

const KB = 1024

t.test('no buffer is handed out twice before it came back', async (t) => {
  const spares = new BufferPool(1024 * KB)
  const buffers = Array.from({ length: 20 }, () => spares.take(100 * KB))
  t.equal(new Set(buffers).size, 20)
  const [first, second] = buffers
  if (!first || !second) throw new Error('There are twenty')
  spares.give(second)
  spares.give(first)
  t.equal(spares.take(100 * KB), first)
  t.equal(spares.take(100 * KB), second)
  t.notOk(buffers.includes(spares.take(100 * KB)))
})

t.test('a buffer is large enough, and no more than twice what was asked for', async (t) => {
  const spares = new BufferPool(1024 * KB)
  for (const bytes of [0, 1, 64 * KB, 64 * KB + 1, 1024 * KB, 1_650_000]) {
    const { length } = spares.take(bytes)
    t.ok(length >= bytes && length <= Math.max(64 * KB, bytes * 2), `${bytes}: ${length}`)
  }
})

t.test('a small one is not answered with a large one', async (t) => {
  const spares = new BufferPool(1024 * KB)
  spares.give(spares.take(1024 * KB))
  t.equal(spares.take(1).length, 64 * KB)
})

t.test('what is kept is bounded: what came back first goes', async (t) => {
  const spares = new BufferPool(256 * KB)
  const [large, ...small] = [128, 64, 64, 64].map((size) => spares.take(size * KB))
  for (const buffer of [large, ...small]) if (buffer) spares.give(buffer)
  t.not(spares.take(128 * KB), large)
  t.same(
    small.map(() => small.includes(spares.take(64 * KB))),
    [true, true, true]
  )
  spares.give(spares.take(512 * KB))
  t.equal(spares.take(512 * KB).length, 512 * KB)
})
