import t from 'tap'
import { BufferPool } from '../../lib/buffer-pool.ts'

const KB = 1024

t.test('a buffer that is in use is not given to another', async (t) => {
  const pool = new BufferPool(1024 * KB)
  const buffers = Array.from({ length: 20 }, () => pool.take(100 * KB))
  const memories = buffers.map(({ buffer }) => buffer)
  t.equal(new Set(memories).size, 20)
  const [first, second] = buffers
  if (!first || !second) throw new Error('There are twenty')
  pool.give(second)
  pool.give(first)
  t.equal(pool.take(100 * KB).buffer, first.buffer)
  t.equal(pool.take(100 * KB).buffer, second.buffer)
  t.notOk(memories.includes(pool.take(100 * KB).buffer))
})

t.test('of a buffer whose part is given back, the whole is used again', async (t) => {
  const pool = new BufferPool(1024 * KB)
  const whole = pool.take(100 * KB)
  pool.give(whole.subarray(0, 100))
  const again = pool.take(100 * KB)
  t.equal(again.buffer, whole.buffer)
  t.equal(again.length, whole.length)
})

t.test('a buffer is large enough, and no more than twice what was requested', async (t) => {
  const pool = new BufferPool(1024 * KB)
  for (const bytes of [0, 1, 64 * KB, 64 * KB + 1, 1024 * KB, 1_650_000]) {
    const { length } = pool.take(bytes)
    t.ok(length >= bytes && length <= Math.max(64 * KB, bytes * 2), `${bytes}: ${length}`)
  }
})

t.test('a small request does not take a large buffer', async (t) => {
  const pool = new BufferPool(1024 * KB)
  pool.give(pool.take(1024 * KB))
  t.equal(pool.take(1).length, 64 * KB)
})

t.test('the buffers that are kept are bounded: the one that was given first is dropped first', async (t) => {
  const pool = new BufferPool(256 * KB)
  const [large, ...small] = [128, 64, 64, 64].map((size) => pool.take(size * KB))
  for (const buffer of [large, ...small]) if (buffer) pool.give(buffer)
  t.not(pool.take(128 * KB).buffer, large?.buffer)
  const memories = small.map(({ buffer }) => buffer)
  t.same(
    small.map(() => memories.includes(pool.take(64 * KB).buffer)),
    [true, true, true]
  )
})

t.test('the memory of a buffer that is dropped is free at once', async (t) => {
  const pool = new BufferPool(64 * KB)
  const [first, second] = [pool.take(64 * KB), pool.take(64 * KB)]
  pool.give(first)
  pool.give(second)
  const tooLarge = pool.take(65 * KB)
  pool.give(tooLarge)
  t.strictSame(
    [first, second, tooLarge].map(({ buffer }) => buffer.detached),
    [true, false, true]
  )
})

t.test('a buffer that is larger than all that may be kept drops none of them', async (t) => {
  const pool = new BufferPool(256 * KB)
  const small = pool.take(64 * KB)
  pool.give(small)
  const large = pool.take(512 * KB)
  pool.give(large)
  t.not(pool.take(512 * KB).buffer, large.buffer)
  t.equal(pool.take(64 * KB).buffer, small.buffer)
})
