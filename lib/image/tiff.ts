import { unsupported } from './format.ts'

const [COMPRESSION, STRIP_OFFSETS, TILE_OFFSETS] = [259, 273, 324]

/** Compressions that this build of libtiff reads, by the numbers of their tag. */
const READABLE = [1, 2, 3, 4, 5, 7, 8, 32_773, 32_946]
const NAMES: Record<number, string> = {
  6: 'old-style JPEG',
  33003: 'JPEG 2000',
  33004: 'JPEG 2000',
  34661: 'JBIG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50000: 'ZSTD',
  50001: 'WebP',
  50002: 'JPEG XL',
  52546: 'JPEG XL'
}

/** The tallest picture has 65,500 strips of one row; 52 megapixels have 800 tiles of 256 pixels a side. */
const MAX_PARTS = 70_000

/**
 * Sizes in bytes of an entry, a count and an offset, and a value's position, in TIFF (42) and BigTIFF (43).
 */
const LAYOUTS = { 42: [12, 2, 4, 8], 43: [20, 8, 8, 12] } as const

interface Directory {
  /** The count and the first value of each tag. */
  entries: Map<number, { count: number; value: number }>
  /** Where the position of the next directory is written, and in how many bytes. */
  next: { at: number; bytes: number }
}

/**
 * Returns the TIFF with only its first page. libtiff reads the directories of all pages before it decodes
 * one: 2.6 s of CPU for 60,000 pages. Throws `unsupported_format` for compressions that this build cannot
 * read, and for too many strips or tiles. A TIFF that cannot be parsed is returned for the decoder to refuse.
 */
export function firstPage(tiff: Buffer): Buffer {
  const directory = firstDirectory(tiff)
  if (!directory) return tiff
  const { entries, next } = directory
  const compression = entries.get(COMPRESSION)?.value ?? 1
  if (!READABLE.includes(compression))
    throw unsupported(`A TIFF compressed with ${NAMES[compression] ?? `method ${compression}`}`)
  const parts = Math.max(...[STRIP_OFFSETS, TILE_OFFSETS].map((tag) => entries.get(tag)?.count ?? 0))
  if (parts > MAX_PARTS) throw unsupported(`A TIFF of more than ${MAX_PARTS} strips or tiles`)
  const nextPage = tiff.subarray(next.at, next.at + next.bytes)
  if (nextPage.length < next.bytes || nextPage.every((byte) => byte === 0)) return tiff
  const alone = Buffer.from(tiff)
  alone.fill(0, next.at, next.at + next.bytes)
  return alone
}

function firstDirectory(tiff: Buffer): Directory | undefined {
  const isLittle = tiff[0] === 0x49
  const read = (at: number, bytes: number) => {
    const field = Buffer.from(tiff.subarray(at, at + bytes))
    if (field.length < bytes) throw new RangeError('The TIFF ends here')
    return Number(`0x${(isLittle ? field.reverse() : field).toString('hex')}`)
  }
  try {
    const version = read(2, 2)
    if (version !== 42 && version !== 43) return undefined
    const [entryBytes, countBytes, offsetBytes, valueAt] = LAYOUTS[version]
    const start = read(version === 43 ? 8 : 4, offsetBytes)
    // Such a directory could contain its own position as that of the next page.
    if (start < HEADER_BYTES) throw unsupported('A TIFF whose directory lies in its header')
    const first = start + countBytes
    const entries: Directory['entries'] = new Map()
    const count = Math.min(read(start, countBytes), MAX_ENTRIES)
    for (let at = first; at < first + count * entryBytes; at += entryBytes) {
      const isShort = read(at + 2, 2) === SHORT
      const value = read(at + valueAt, isShort ? 2 : 4)
      entries.set(read(at, 2), { count: read(at + 4, offsetBytes), value })
    }
    return { entries, next: { at: first + count * entryBytes, bytes: offsetBytes } }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const SHORT = 3
const MAX_ENTRIES = 4096
const HEADER_BYTES = 8
