import type { BufferPool } from '../buffer-pool.ts'
import { tooLarge } from './errors.ts'

const FIRST_BYTES = 65_536

/**
 * Collects a response body in one buffer. Chunks are copied, not kept: 25 MB sent in chunks of one byte would
 * otherwise be 25 million Buffers, gigabytes of them.
 */
export class BodyBuffer implements Disposable {
  #buffer: Buffer<ArrayBuffer> | null
  #length = 0
  readonly #maxBytes: number
  readonly #pool: BufferPool

  /**
   * `expectedBytes` (NaN if unknown) avoids growing the buffer. Memory that is never written costs nothing.
   */
  constructor(expectedBytes: number, maxBytes: number, pool: BufferPool) {
    if (expectedBytes > maxBytes) throw tooLarge(maxBytes)
    this.#maxBytes = maxBytes
    this.#pool = pool
    this.#buffer = pool.take(expectedBytes >= 0 ? expectedBytes : Math.min(FIRST_BYTES, maxBytes))
  }

  /** Throws an ImageError `too_large` when the chunk exceeds the limit. */
  push(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    const buffer = this.#grownTo(length)
    buffer.set(chunk, this.#length)
    this.#length = length
  }

  /** The bytes so far, without a copy: valid until this is disposed of. */
  get bytes(): Buffer {
    return this.#open.subarray(0, this.#length)
  }

  /** Returns the buffer to the pool. Optional: an undisposed buffer is garbage collected. */
  [Symbol.dispose](): void {
    if (this.#buffer) this.#pool.give(this.#buffer)
    this.#buffer = null
  }

  get #open(): Buffer<ArrayBuffer> {
    if (!this.#buffer) throw new Error('The buffer was disposed of')
    return this.#buffer
  }

  #grownTo(length: number): Buffer<ArrayBuffer> {
    const full = this.#open
    if (length <= full.length) return full
    const grown = this.#pool.take(length)
    grown.set(full.subarray(0, this.#length))
    this.#pool.give(full)
    this.#buffer = grown
    return grown
  }
}
