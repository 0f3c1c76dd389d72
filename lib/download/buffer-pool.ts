const SMALLEST = 65_536

/**
 * Buffers that are used again. V8 counts each new one against its heap and collects all of it after a few images: one
 * collection for every eight downloads of 1.6 MB, a tenth of the CPU of an image, measured.
 *
 * Their sizes are powers of two: memory that is not written to costs nothing. Most of what lies here unused is bounded.
 */
export class BufferPool {
  readonly #maxBytes: number
  /** The one that came back first is the first to go. */
  readonly #spare: Buffer[] = []
  #bytes = 0

  /** `maxBytes`: most that is kept for later. What is in use is not counted. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** At least so many bytes, with anything in them. Nobody else has them until they are given back. */
  take(bytes: number): Buffer {
    const size = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes)))
    const index = this.#spare.findLastIndex(({ length }) => length === size)
    const [found] = index < 0 ? [] : this.#spare.splice(index, 1)
    if (!found) return Buffer.allocUnsafeSlow(size)
    this.#bytes -= size
    return found
  }

  /** Only what `take` answered, once, and when nobody reads it any more: native code that was begun does, until it ends. */
  give(buffer: Buffer): void {
    this.#spare.push(buffer)
    this.#bytes += buffer.length
    while (this.#bytes > this.#maxBytes) this.#bytes -= this.#spare.shift()?.length ?? 0
  }
}
