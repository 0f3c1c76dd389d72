// ThumbHash of Evan Wallace (https://github.com/evanw/thumbhash, MIT), decoded without a dependency.

export interface Rgba {
  width: number
  height: number
  /** Four bytes a pixel, row by row. */
  pixels: Uint8Array
}

const LONG_SIDE = 32

/** Returns the picture of a ThumbHash, 32 pixels on its longer side. */
export function decodeThumbHash(hash: Uint8Array): Rgba {
  const byte = (at: number) => hash[at] ?? 0
  const head = byte(0) | (byte(1) << 8) | (byte(2) << 16)
  const tail = byte(3) | (byte(4) << 8)
  const [hasAlpha, isLandscape] = [head >> 23 === 1, tail >> 15 === 1]
  const [long, short] = [hasAlpha ? 5 : 7, tail & 7]
  const [columns, rows] = isLandscape ? [long, short] : [short, long]
  let nibble = hasAlpha ? 12 : 10
  const channel = (mean: number, across: number, down: number, scale: number): Channel => {
    const waves = wavesOf(across, down)
    const factors = waves.map(() => {
      const factor = (byte(nibble >> 1) >> ((nibble & 1) << 2)) & 15
      nibble++
      return (factor / 7.5 - 1) * scale
    })
    return { mean, waves, factors }
  }
  // Colours are stored a little too pale, against their quantisation.
  const light = channel((head & 63) / 63, Math.max(3, columns), Math.max(3, rows), ((head >> 18) & 31) / 31)
  const yellow = channel(((head >> 6) & 63) / 31.5 - 1, 3, 3, (((tail >> 3) & 63) / 63) * 1.25)
  const red = channel(((head >> 12) & 63) / 31.5 - 1, 3, 3, (((tail >> 9) & 63) / 63) * 1.25)
  const alpha = hasAlpha ? channel((byte(5) & 15) / 15, 5, 5, (byte(5) >> 4) / 15) : null

  const ratio = columns / rows
  const width = Math.round(ratio > 1 ? LONG_SIDE : LONG_SIDE * ratio)
  const height = Math.round(ratio > 1 ? LONG_SIDE / ratio : LONG_SIDE)
  const pixels = new Uint8Array(width * height * 4)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const [across, down] = [(Math.PI / width) * (x + 0.5), (Math.PI / height) * (y + 0.5)]
      const [l, p, q] = [light, yellow, red].map((part) => waveSum(part, across, down))
      const b = (l ?? 0) - (2 / 3) * (p ?? 0)
      const r = (3 * (l ?? 0) - b + (q ?? 0)) / 2
      const a = alpha ? waveSum(alpha, across, down) : 1
      pixels.set(
        [r, r - (q ?? 0), b, a].map((value) => Math.max(0, 255 * Math.min(1, value))),
        at
      )
    }
  }
  return { width, height, pixels }
}

interface Channel {
  mean: number
  waves: [across: number, down: number][]
  factors: number[]
}

/** The waves of a cosine transform that are stored, in their order: a triangle without the mean. */
function wavesOf(across: number, down: number): [number, number][] {
  const waves: [number, number][] = []
  for (let y = 0; y < down; y++)
    for (let x = y ? 0 : 1; x * down < across * (down - y); x++) waves.push([x, y])
  return waves
}

const waveSum = ({ mean, waves, factors }: Channel, across: number, down: number): number =>
  waves.reduce(
    (sum, [x, y], at) => sum + (factors[at] ?? 0) * Math.cos(across * x) * Math.cos(down * y) * 2,
    mean
  )
