import { isUtf8 } from 'node:buffer'
import { AppError } from './app-error.ts'

/** A line with its number, from 1. `fault`: why it cannot be read. */
export type Line = { number: number } & ({ text: string } | { fault: AppError })

/** As large as the largest body. */
const MAX_LINE_BYTES = 1_048_576
const NEWLINE = 0x0a

const TOO_LONG = new AppError('body_too_large', `The line is longer than ${MAX_LINE_BYTES} bytes.`)
const NOT_UTF8 = new AppError('malformed_request', 'The line is not valid UTF-8.')

/**
 * Yields the lines that each chunk completes. Empty lines are counted and left out. Keeps no more than one
 * line, however long it is.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line[], void> {
  const splitter = new LineSplitter()
  for await (const chunk of chunks) yield splitter.split(chunk)
  yield splitter.end()
}

class LineSplitter {
  /** The beginning of the current line. Grows with it: an array of chunks of a byte took 100 bytes each. */
  #line = Buffer.alloc(4096)
  #length = 0
  #number = 0

  split(chunk: Buffer): Line[] {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#append(chunk.subarray(start, end))
      lines.push(...this.#complete())
      start = end + 1
    }
    this.#append(chunk.subarray(start))
    return lines
  }

  end(): Line[] {
    return this.#length > 0 ? this.#complete() : []
  }

  #append(bytes: Buffer): void {
    const length = this.#length + bytes.length
    if (length <= MAX_LINE_BYTES) {
      if (length > this.#line.length) this.#grow(length)
      bytes.copy(this.#line, this.#length)
    }
    this.#length = length
  }

  #grow(length: number): void {
    const larger = Buffer.alloc(Math.max(length, 2 * this.#line.length))
    this.#line.copy(larger, 0, 0, this.#length)
    this.#line = larger
  }

  #complete(): Line[] {
    const number = ++this.#number
    const length = this.#length
    this.#length = 0
    if (length > MAX_LINE_BYTES) return [{ number, fault: TOO_LONG }]
    const bytes = this.#line.subarray(0, length)
    if (!isUtf8(bytes)) return [{ number, fault: NOT_UTF8 }]
    // Spreadsheets write a byte order mark.
    const text = bytes.toString().replace(/^\uFEFF/, '')
    return text.trim() === '' ? [] : [{ number, text }]
  }
}
