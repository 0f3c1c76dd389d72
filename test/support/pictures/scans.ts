const SIDE_OF_BLOCK = 8

export interface Scan {
  /** Counted from 1. */
  components: number[]
  /** First and last coefficient. */
  spectrum: [first: number, last: number]
  /** The bit before and the bit that comes, 0 for all at once. */
  bits?: [high: number, low: number]
}

interface ScannedJpeg {
  side: number
  components: number
  isProgressive: boolean
  scans: Scan[]
  /** Put before each restart marker; without it there are no restarts. */
  noise?: Buffer
}

/** Blocks between two restarts. */
const RESTART_INTERVAL = 16_384

/** Returns a grey square as a JPEG in the given scans, which no encoder offers to choose. */
export function scannedJpeg({ side, components, isProgressive, scans, noise }: ScannedJpeg): Buffer {
  const ids = Array.from({ length: components }, (_, i) => i + 1)
  const frame = [8, side >> 8, side & 0xff, side >> 8, side & 0xff, components]
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...Array(64).fill(1)]),
    segment(isProgressive ? 0xc2 : 0xc0, [...frame, ...ids.flatMap((id) => [id, 0x11, 0])]),
    // One code each, a 0: no difference to the block before, then no more coefficients in this block, or in
    // 16,384 blocks.
    segment(0xc4, [0x00, 1, ...Array(15).fill(0), 0]),
    segment(0xc4, [0x10, 1, ...Array(15).fill(0), isProgressive ? 0xe0 : 0]),
    ...(noise ? [segment(0xdd, [RESTART_INTERVAL >> 8, RESTART_INTERVAL & 0xff])] : []),
    ...scans.map((scan) => encodedScan(scan, Math.ceil(side / SIDE_OF_BLOCK) ** 2, noise)),
    Buffer.from([0xff, 0xd9])
  ])
}

/** As many scans as the standard allows: each bit of each coefficient comes alone. */
export function everyBitAlone(component: number): Scan[] {
  const coefficients = Array.from({ length: 63 }, (_, i) => i + 1)
  const bits = Array.from({ length: 14 }, (_, i) => 13 - i)
  return [
    { components: [component], spectrum: [0, 0] },
    ...coefficients.flatMap((k) =>
      bits.map(
        (low): Scan => ({ components: [component], spectrum: [k, k], bits: [low === 13 ? 0 : low + 1, low] })
      )
    )
  ]
}

function encodedScan(scan: Scan, blocks: number, noise?: Buffer): Buffer {
  const { components, spectrum, bits = [0, 0] } = scan
  const [high, low] = bits
  const head = [components.length, ...components.flatMap((id) => [id, 0]), ...spectrum, (high << 4) | low]
  return Buffer.concat([segment(0xda, head), noise ? restarted(scan, blocks, noise) : entropy(scan, blocks)])
}

/** Nothing but zeros: that no block differs, and that none has coefficients. */
function entropy({ components, spectrum: [first, last] }: Scan, blocks: number): Buffer {
  const ofEachBlock = (first === 0 ? 1 : 0) + (first === 0 && last > 0 ? 1 : 0)
  const size = ofEachBlock > 0 ? ofEachBlock * blocks * components.length : 15 * Math.ceil(blocks / 16_384)
  return Buffer.alloc(Math.ceil(size / 8))
}

function restarted(scan: Scan, blocks: number, noise: Buffer): Buffer {
  const intervals = Math.ceil(blocks / RESTART_INTERVAL)
  const pieces = Array.from({ length: intervals }, (_, at) => {
    const data = entropy(scan, Math.min(RESTART_INTERVAL, blocks - at * RESTART_INTERVAL))
    return at === 0 ? data : Buffer.concat([noise, Buffer.from([0xff, 0xd0 + ((at - 1) % 8)]), data])
  })
  return Buffer.concat(pieces)
}

function segment(marker: number, content: number[]): Buffer {
  const length = content.length + 2
  return Buffer.from([0xff, marker, length >> 8, length & 0xff, ...content])
}
