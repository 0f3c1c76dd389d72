import { avif, flatAv1, rotation, size, u16 } from './avif.ts'
import { everyBitAlone, type Scan, scannedJpeg } from './scans.ts'

const MANY = 250

/** An overlay that draws one flat picture four times, each time rotated 250 times: 1.5 kB, minutes of CPU. */
export async function overlayAvif(side: number): Promise<Buffer> {
  const { data, codec } = await flatAv1(side)
  const dimensions = size(side, side)
  const sources = [2, 2, 2, 2]
  const overlay = Buffer.from([0, 0, ...Array(8).fill(0), ...u16(side), ...u16(side), ...Array(16).fill(0)])
  return avif([
    { type: 'iovl', data: overlay, properties: [dimensions], sources },
    { type: 'av01', data, properties: [codec, dimensions, ...Array(MANY).fill(rotation())] }
  ])
}

/** A flat picture with so many rotations. */
export async function rotatedAvif(side: number, rotations: number): Promise<Buffer> {
  const { data, codec } = await flatAv1(side)
  const turn = rotation()
  return avif([{ type: 'av01', data, properties: [codec, size(side, side), ...Array(rotations).fill(turn)] }])
}

/**
 * A progressive JPEG of 883 scans that are invisible to a parser that trusts lengths. Before each restart
 * stands a reserved marker with what looks like a length of 65,277 bytes. To libjpeg it is noise.
 */
export function hiddenScans(side: number): Buffer {
  const scans = everyBitAlone(1)
  return scannedJpeg({
    side,
    components: 1,
    isProgressive: true,
    scans,
    noise: Buffer.from('ff05fefd', 'hex')
  })
}

/**
 * A baseline JPEG of 1000 scans behind an empty scan header, which claims to hold all components. Repairing
 * that header removes it.
 */
export function scansBehindAnEmptyOne(side: number): Buffer {
  const scans = Array.from(
    { length: 1000 },
    (_, i): Scan => ({ components: [(i % 3) + 1], spectrum: [0, 63] })
  )
  const jpeg = scannedJpeg({ side, components: 3, isProgressive: false, scans })
  const first = jpeg.indexOf(Buffer.from('ffda', 'hex'))
  return Buffer.concat([
    jpeg.subarray(0, first),
    Buffer.from('fffe000300ffda000003', 'hex'),
    jpeg.subarray(first)
  ])
}

/** The JPEG with a comment and three bytes behind it that belong to nothing, before its first table. */
export function withStrayBytes(jpeg: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from('fffe00044f4b010203', 'hex'), jpeg.subarray(2)])
}

/** A TIFF of so many pages, each one pixel of one strip. */
export function pagedTiff(pages: number): Buffer {
  const tags = [
    [256, 4, 1],
    [257, 4, 1],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 4, 1],
    [279, 4, 1]
  ] as const
  const pageBytes = 2 + tags.length * 12 + 4
  const file = Buffer.alloc(16 + pages * pageBytes)
  file.write('II*\0', 'latin1')
  file.writeUInt32LE(16, 4)
  for (let page = 0; page < pages; page++) {
    const start = 16 + page * pageBytes
    file.writeUInt16LE(tags.length, start)
    for (const [index, [tag, type, value]] of tags.entries()) {
      const at = start + 2 + index * 12
      file.writeUInt16LE(tag, at)
      file.writeUInt16LE(type, at + 2)
      file.writeUInt32LE(1, at + 4)
      file.writeUInt32LE(value, at + 8)
    }
    file.writeUInt32LE(page + 1 < pages ? start + pageBytes : 0, start + pageBytes - 4)
  }
  return file
}
