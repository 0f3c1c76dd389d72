import { crc32, createInflateRaw } from 'node:zlib'

const SIGNATURE_BYTES = 8
const ZLIB_HEADER_BYTES = 2
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** First column and row of each pass of Adam7, and the steps to the next ones. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2]
] as const

/**
 * Resolves with the PNG with a corrected Adler-32 checksum. Resolves with undefined if anything else is
 * wrong: a chunk with a wrong CRC, or a missing row. Browsers show such a PNG, but libpng refuses it.
 */
export async function withRightSum(png: Buffer): Promise<Buffer | undefined> {
  const data: Buffer[] = []
  const before: Buffer[] = []
  for (const { type, whole, body, isIntact } of chunks(png)) {
    if (!isIntact) return undefined
    if (type === 'IDAT') data.push(body)
    else if (data.length === 0) before.push(whole)
    if (type === 'IEND' && data.length > 0) {
      const right = await summed(Buffer.concat(data), rowBytes(png))
      return (
        right && Buffer.concat([png.subarray(0, SIGNATURE_BYTES), ...before, chunk('IDAT', right), whole])
      )
    }
  }
  return undefined
}

interface Chunk {
  type: string
  whole: Buffer
  body: Buffer
  isIntact: boolean
}

function* chunks(png: Buffer): Generator<Chunk> {
  for (let at = SIGNATURE_BYTES; at + 12 <= png.length; ) {
    const sumAt = at + 8 + png.readUInt32BE(at)
    if (sumAt + 4 > png.length) return
    yield {
      type: png.toString('latin1', at + 4, at + 8),
      whole: png.subarray(at, sumAt + 4),
      body: png.subarray(at + 8, sumAt),
      isIntact: crc32(png.subarray(at + 4, sumAt)) === png.readUInt32BE(sumAt)
    }
    at = sumAt + 4
  }
}

function chunk(type: string, body: Buffer): Buffer {
  const whole = Buffer.concat([Buffer.alloc(4), Buffer.from(type), body, Buffer.alloc(4)])
  whole.writeUInt32BE(body.length)
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), whole.length - 4)
  return whole
}

/** Returns the size of all rows, each with its filter byte. */
function rowBytes(png: Buffer): number {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const [depth = 0, colour = 0, , , isInterlaced] = png.subarray(24, 29)
  const bitsAPixel = depth * (CHANNELS[colour] ?? 0)
  const rows = (columns: number, count: number) =>
    columns > 0 ? count * (1 + Math.ceil((columns * bitsAPixel) / 8)) : 0
  if (!isInterlaced) return rows(width, height)
  return PASSES.reduce(
    (sum, [left, top, across, down]) =>
      sum + rows(Math.ceil((width - left) / across), Math.max(0, Math.ceil((height - top) / down))),
    0
  )
}

/**
 * Resolves with the zlib stream with a corrected checksum, or with undefined if it holds too few bytes. Rows
 * are not kept: 52 megapixels of 16 bits are 400 MB.
 */
async function summed(stream: Buffer, wantedBytes: number): Promise<Buffer | undefined> {
  const inflate = createInflateRaw()
  inflate.end(stream.subarray(ZLIB_HEADER_BYTES))
  const sum = new Adler32()
  try {
    for await (const rows of inflate) sum.add(rows)
  } catch {
    return undefined
  }
  if (sum.bytes < wantedBytes) return undefined
  return Buffer.concat([stream.subarray(0, ZLIB_HEADER_BYTES + inflate.bytesWritten), sum.digest()])
}

/** The Adler-32 checksum at the end of a zlib stream (RFC 1950). */
class Adler32 {
  bytes = 0
  #low = 1
  #high = 0

  add(data: Buffer): void {
    this.bytes += data.length
    for (let start = 0; start < data.length; start += BLOCK) {
      for (const byte of data.subarray(start, start + BLOCK)) {
        this.#low += byte
        this.#high += this.#low
      }
      this.#low %= MODULUS
      this.#high %= MODULUS
    }
  }

  digest(): Buffer {
    const digest = Buffer.alloc(4)
    digest.writeUInt16BE(this.#high)
    digest.writeUInt16BE(this.#low, 2)
    return digest
  }
}

const MODULUS = 65_521
/** So many bytes can be added up before the sums must be reduced. */
const BLOCK = 5552
