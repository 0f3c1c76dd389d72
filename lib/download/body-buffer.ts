import type { BufferPool } from './buffer-pool.ts'
import { tooLarge } from './errors.ts'

const FIRST_BYTES = 65_536

/**
 * Collects an answer in one buffer. Chunks are copied, not kept: an answer of 25 MB sent in chunks of one byte would
 * otherwise be 25 million Buffers, gigabytes of them.
 */
export class BodyBuffer implements Disposable {
  #buffer: Buffer | null
  #length = 0
  readonly #maxBytes: number
  readonly #spares: BufferPool

  /** `expectedBytes` (NaN when unknown) saves growing; memory that is not written to costs nothing. */
  constructor(expectedBytes: number, maxBytes: number, spares: BufferPool) {
    if (expectedBytes > maxBytes) throw tooLarge(maxBytes)
    this.#maxBytes = maxBytes
    this.#spares = spares
    this.#buffer = spares.take(expectedBytes >= 0 ? expectedBytes : Math.min(FIRST_BYTES, maxBytes))
  }

  /** Throws an ImageError `too_large` when the chunk does not fit any more. */
  push(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    const buffer = this.#withRoomFor(length)
    buffer.set(chunk, this.#length)
    this.#length = length
  }

  /** What arrived, without a copy: to be read until this is disposed of, and not afterwards. */
  get bytes(): Buffer {
    return this.#open.subarray(0, this.#length)
  }

  /** Gives the memory back. Who has not come so far need not: then it is collected like any other. */
  [Symbol.dispose](): void {
    if (this.#buffer) this.#spares.give(this.#buffer)
    this.#buffer = null
  }

  get #open(): Buffer {
    if (!this.#buffer) throw new Error('The bytes were given back')
    return this.#buffer
  }

  #withRoomFor(length: number): Buffer {
    const full = this.#open
    if (length <= full.length) return full
    const grown = this.#spares.take(length)
    grown.set(full.subarray(0, this.#length))
    this.#spares.give(full)
    this.#buffer = grown
    return grown
  }
}
