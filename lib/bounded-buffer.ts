import { tooLarge } from './download-error.ts'

const FIRST_BYTES = 65_536

/**
 * Collects an answer in one buffer. Chunks are copied, not kept: an answer of 25 MB sent in chunks of one byte would
 * otherwise be 25 million Buffers, gigabytes of them.
 */
export class BoundedBuffer {
  #bytes: Buffer
  #length = 0
  readonly #maxBytes: number

  /** `expectedBytes` (NaN when unknown) saves growing; memory that is not written to costs nothing. */
  constructor(expectedBytes: number, maxBytes: number) {
    if (expectedBytes > maxBytes) throw tooLarge(maxBytes)
    this.#bytes = Buffer.allocUnsafeSlow(expectedBytes >= 0 ? expectedBytes : Math.min(FIRST_BYTES, maxBytes))
    this.#maxBytes = maxBytes
  }

  /** Throws an ImageError `too_large` when the chunk does not fit any more. */
  push(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    if (length > this.#bytes.length) this.#grow(length)
    this.#bytes.set(chunk, this.#length)
    this.#length = length
  }

  /** What arrived, without a copy. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(length: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#maxBytes, Math.max(length, this.#bytes.length * 2)))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
