import type { Rgba } from './thumbhash.ts'

/** Returns the pixels as a PNG that is not compressed: for pictures of a few kilobytes. */
export function toPng({ width, height, pixels }: Rgba): Uint8Array {
  const lines = Array.from({ length: height }, (_, y) => [
    0,
    ...pixels.subarray(y * width * 4, (y + 1) * width * 4)
  ])
  const raw = lines.flat()
  const size = [raw.length & 255, raw.length >> 8]
  const stored = [0x78, 1, 1, ...size, ...size.map((byte) => byte ^ 255), ...raw, ...bytesOf(adler32(raw))]
  return Uint8Array.from([
    ...[137, 80, 78, 71, 13, 10, 26, 10],
    ...chunk('IHDR', [...bytesOf(width), ...bytesOf(height), 8, 6, 0, 0, 0]),
    ...chunk('IDAT', stored),
    ...chunk('IEND', [])
  ])
}

function chunk(type: string, data: number[]): number[] {
  const body = [...[...type].map((letter) => letter.charCodeAt(0)), ...data]
  return [...bytesOf(data.length), ...body, ...bytesOf(crc32(body))]
}

const bytesOf = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255)

function crc32(bytes: number[]): number {
  let sum = ~0
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return ~sum
}

function adler32(bytes: number[]): number {
  let [low, high] = [1, 0]
  for (const byte of bytes) {
    low = (low + byte) % 65521
    high = (high + low) % 65521
  }
  return ((high << 16) | low) >>> 0
}
