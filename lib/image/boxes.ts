/** A box of an ISO media file. */
export interface Box {
  type: string
  content: Reader
}

/** The structure of a file cannot be read. */
export class BrokenBoxes extends Error {
  override readonly name = 'BrokenBoxes'
}

/** Reads big-endian fields one after the other. Throws BrokenBoxes beyond the end. */
export class Reader {
  readonly bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length
  }

  /** An unsigned number of 0 to 4 or of 8 bytes. */
  number(length: number): number {
    if (length === 8) return this.number(4) * 2 ** 32 + this.number(4)
    if (length > 4) throw new BrokenBoxes(`No number has ${length} bytes`)
    const at = this.#skip(length)
    return length === 0 ? 0 : this.bytes.readUIntBE(at, length)
  }

  text(length: number): string {
    const at = this.#skip(length)
    return this.bytes.toString('latin1', at, at + length)
  }

  take(length: number): Buffer {
    const at = this.#skip(length)
    return this.bytes.subarray(at, at + length)
  }

  /** The version and the flags with which the content of a full box begins. */
  versionAndFlags(): { version: number; flags: number } {
    return { version: this.number(1), flags: this.number(3) }
  }

  /** The boxes from here to the end, or to the first broken one. */
  *wholeBoxes(): Generator<Box> {
    try {
      yield* this.boxes()
    } catch (error) {
      if (!(error instanceof BrokenBoxes)) throw error
    }
  }

  /** The boxes from here to the end. */
  *boxes(): Generator<Box> {
    while (!this.isAtEnd) {
      const start = this.#at
      const size = this.number(4)
      const type = this.text(4)
      const end = size === 0 ? this.bytes.length : start + (size === 1 ? this.number(8) : size)
      yield { type, content: new Reader(this.take(end - this.#at)) }
    }
  }

  #skip(length: number): number {
    const at = this.#at
    if (length < 0 || at + length > this.bytes.length) throw new BrokenBoxes('The file ends within a box')
    this.#at += length
    return at
  }
}
