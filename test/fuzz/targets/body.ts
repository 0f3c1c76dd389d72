import assert from 'node:assert/strict'
import { BufferPool } from '../../../lib/buffer-pool.ts'
import { BodyBuffer } from '../../../lib/download/body-buffer.ts'
import { ImageError } from '../../../lib/image/error.ts'

const MAX_BYTES = 300_000
const BYTES = Buffer.from(Array.from({ length: 150_020 }, (_, i) => i % 251))
const pool = new BufferPool(2 ** 22)

/** A body in chunks of any size, after any Content-Length, is what was sent or an error `too_large`. */
export function fuzz(input: Buffer): void {
  const [expected = Number.NaN, ...sizes] = numbers(input)
  const chunks = sizes.map((size, i) => BYTES.subarray(i, i + size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  try {
    using body = new BodyBuffer(expected, MAX_BYTES, pool)
    for (const chunk of chunks) body.push(chunk)
    assert.ok(body.bytes.equals(Buffer.concat(chunks)))
    assert.ok(total <= MAX_BYTES)
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    assert.equal(error.code, 'too_large')
    assert.ok(total > MAX_BYTES || expected > MAX_BYTES)
  }
}

/** Numbers of three bytes; the first may be negative or none. */
function numbers(input: Buffer): number[] {
  const list: number[] = []
  for (let at = 1; at + 3 <= input.length && list.length < 8; at += 3)
    list.push(input.readUIntBE(at, 3) % 150_000)
  const [kind = 0] = input
  if (kind % 3 === 1) list[0] = Number.NaN
  if (kind % 3 === 2) list[0] = -(list[0] ?? 1)
  return list
}
