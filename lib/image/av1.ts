/** Types of the units that AV1 data is made of. */
const [SEQUENCE_HEADER, FRAME_HEADER, FRAME] = [1, 3, 6]

/** What AV1 data declares: the number of its frames and their maximum size. */
export interface Av1Claims {
  frames: number
  width: number
  height: number
}

/**
 * Returns what AV1 data declares, without decoding it. What follows broken data is not counted, because
 * decoders stop there.
 */
export function av1Claims(data: Buffer): Av1Claims {
  const claims = { frames: 0, width: 0, height: 0 }
  for (const { type, content } of units(data)) {
    if (type === FRAME || type === FRAME_HEADER) claims.frames++
    if (type !== SEQUENCE_HEADER) continue
    const { width, height } = largestFrame(new Bits(content))
    claims.width = Math.max(claims.width, width)
    claims.height = Math.max(claims.height, height)
  }
  return claims
}

/** The open bitstream units (AV1 5.3). */
function* units(data: Buffer): Generator<{ type: number; content: Buffer }> {
  for (let at = 0; at < data.length; ) {
    const head = data[at] ?? 0
    const hasExtension = (head & 0x04) !== 0
    const hasSize = (head & 0x02) !== 0
    at += hasExtension ? 2 : 1
    let size = data.length - at
    if (hasSize) {
      size = 0
      let byte = 0x80
      for (let shift = 0; shift < 32 && byte & 0x80; shift += 7) {
        byte = data[at++] ?? 0
        size += (byte & 0x7f) * 2 ** shift
      }
    }
    yield { type: (head >> 3) & 0x0f, content: data.subarray(at, at + size) }
    at += size
  }
}

/** Reads a sequence header (AV1 5.5) up to its maximum frame size. */
function largestFrame(bits: Bits): { width: number; height: number } {
  bits.read(4)
  const isReduced = bits.flag()
  if (isReduced) bits.read(5)
  else skipOperatingPoints(bits)
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1]
  return { width: bits.read(widthBits) + 1, height: bits.read(heightBits) + 1 }
}

function skipOperatingPoints(bits: Bits): void {
  let delayBits = 0
  if (bits.flag()) {
    bits.read(32)
    bits.read(32)
    if (bits.flag()) bits.exponentialGolomb()
    if (bits.flag()) {
      delayBits = bits.read(5) + 1
      bits.read(32)
      bits.read(10)
    }
  }
  const hasDisplayDelay = bits.flag()
  for (let points = bits.read(5) + 1; points > 0; points--) {
    bits.read(12)
    if (bits.read(5) > 7) bits.read(1)
    if (delayBits > 0 && bits.flag()) bits.skip(2 * delayBits + 1)
    if (hasDisplayDelay && bits.flag()) bits.read(4)
  }
}

/** Reads bits, the highest of each byte first. Beyond the end they are 0. */
class Bits {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  read(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++, this.#at++) {
      value = value * 2 + (((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1)
    }
    return value
  }

  flag(): boolean {
    return this.read(1) === 1
  }

  skip(count: number): void {
    this.#at += count
  }

  exponentialGolomb(): void {
    let zeros = 0
    while (zeros < 32 && !this.flag()) zeros++
    this.skip(zeros)
  }
}
