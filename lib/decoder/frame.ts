/**
 * The wire format between a decoder and its parent: two lengths, a head as JSON, and a raw body. A picture
 * crosses the pipe once in each direction, without encoding.
 */
export interface Frame {
  head: unknown
  body: Buffer<ArrayBuffer>
}

/** Two lengths of 32 bits: of the head, of the body. */
const PREFIX_BYTES = 8
const [HEAD_LENGTH_AT, BODY_LENGTH_AT] = [0, 4]

/** Bounds the memory that one side allocates for a length that the other side declares. */
const MAX_HEAD_BYTES = 64 * 1024
const MAX_BODY_BYTES = 1024 * 1024 * 1024

/** Returns the bytes of a frame up to its body. */
export function frameStart(head: object, bodyLength: number): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const start = Buffer.allocUnsafe(PREFIX_BYTES + json.length)
  start.writeUInt32LE(json.length, HEAD_LENGTH_AT)
  start.writeUInt32LE(bodyLength, BODY_LENGTH_AT)
  json.copy(start, PREFIX_BYTES)
  return start
}

/**
 * Says where the next bytes go and returns the frames that they complete. `allocate` returns a buffer
 * of at least so many bytes for a body.
 */
export class FrameReader {
  readonly #allocate: (length: number) => Buffer<ArrayBuffer>
  readonly #prefix = Buffer.alloc(PREFIX_BYTES)
  #part: 'prefix' | 'head' | 'body' = 'prefix'
  #target: Buffer<ArrayBuffer> = this.#prefix
  #filled = 0
  #head: unknown
  #bodyLength = 0

  constructor(allocate: (length: number) => Buffer<ArrayBuffer> = Buffer.allocUnsafe) {
    this.#allocate = allocate
  }

  /** Returns the memory for the next bytes, never empty. */
  get target(): Buffer {
    return this.#target.subarray(this.#filled)
  }

  /**
   * Counts what was written into `target`. Returns the frame that it completes. Throws when it is no frame of
   * ours.
   */
  advance(length: number): Frame | undefined {
    this.#filled += length
    if (this.#filled < this.#target.length) return undefined
    if (this.#part === 'prefix') return this.#announced()
    if (this.#part === 'body') return this.#complete(this.#target)
    this.#head = JSON.parse(this.#target.toString())
    if (this.#bodyLength === 0) return this.#complete(Buffer.alloc(0))
    this.#expect('body', this.#allocate(this.#bodyLength).subarray(0, this.#bodyLength))
    return undefined
  }

  #announced(): undefined {
    const headLength = this.#prefix.readUInt32LE(HEAD_LENGTH_AT)
    this.#bodyLength = this.#prefix.readUInt32LE(BODY_LENGTH_AT)
    if (headLength === 0 || headLength > MAX_HEAD_BYTES || this.#bodyLength > MAX_BODY_BYTES)
      throw new RangeError('The lengths are those of no frame')
    this.#expect('head', Buffer.allocUnsafe(headLength))
  }

  #complete(body: Buffer<ArrayBuffer>): Frame {
    this.#expect('prefix', this.#prefix)
    return { head: this.#head, body }
  }

  #expect(part: 'prefix' | 'head' | 'body', target: Buffer<ArrayBuffer>): void {
    this.#part = part
    this.#target = target
    this.#filled = 0
  }
}
