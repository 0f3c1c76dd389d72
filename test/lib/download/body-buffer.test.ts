import t from 'tap'
import { BufferPool } from '../../../lib/buffer-pool.ts'
import { BodyBuffer } from '../../../lib/download/body-buffer.ts'

const pool = new BufferPool(1_000_000)
const TOO_LARGE = { name: 'ImageError', code: 'too_large', transient: false }

t.test('keeps chunks in order, whatever length was expected', async (t) => {
  const chunks = Array.from({ length: 300 }, (_, i) => Buffer.alloc(i * 3, i))
  for (const expected of [0, 1, Buffer.concat(chunks).length, 200_000, Number.NaN]) {
    const buffer = new BodyBuffer(expected, 200_000, pool)
    for (const chunk of chunks) buffer.push(chunk)
    t.ok(buffer.bytes.equals(Buffer.concat(chunks)), String(expected))
  }
})

t.test('takes as many bytes as it may, and not one more', async (t) => {
  for (const expected of [0, 5, 10, Number.NaN]) {
    const buffer = new BodyBuffer(expected, 10, pool)
    buffer.push(Buffer.from('01234'))
    buffer.push(Buffer.from('56789'))
    t.throws(() => buffer.push(Buffer.from('x')), TOO_LARGE)
    t.same(buffer.bytes, Buffer.from('0123456789'))
  }
})

t.test('refuses at once what is expected to be too large', async (t) => {
  t.throws(() => new BodyBuffer(11, 10, pool), TOO_LARGE)
  t.throws(() => new BodyBuffer(Number.POSITIVE_INFINITY, 10, pool), TOO_LARGE)
})

t.test('its memory is used again once it was given back, and never read through it any more', async (t) => {
  const first = new BodyBuffer(5, 10, pool)
  first.push(Buffer.from('first'))
  const second = new BodyBuffer(6, 10, pool)
  second.push(Buffer.from('second'))
  t.same(first.bytes, Buffer.from('first'))
  const memory = first.bytes.buffer
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  t.throws(() => first.bytes, { message: 'The buffer was disposed of' })
  t.throws(() => first.push(Buffer.from('x')), { message: 'The buffer was disposed of' })
  const [third, fourth] = [new BodyBuffer(5, 10, pool), new BodyBuffer(5, 10, pool)]
  t.equal(third.bytes.buffer, memory)
  t.same(third.bytes, Buffer.alloc(0))
  t.not(fourth.bytes.buffer, memory)
  t.same(second.bytes, Buffer.from('second'))
})
