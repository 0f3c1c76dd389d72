import { crc32 } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'

export type Rgb = readonly [number, number, number]
export type Painter = (x: number, y: number) => Rgb

/** Paints every pixel by its place, on frames one below the other, as raw pixels that need no loader. */
export function paint(width: number, height: number, painter: Painter, frames: Painter[] = []): Sharp {
  const all = [painter, ...frames]
  const pixels = Buffer.alloc(width * height * 3 * all.length)
  let at = 0
  for (const frame of all) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (const channel of frame(x, y)) pixels[at++] = channel
      }
    }
  }
  const raw = { width, height: height * all.length, channels: 3 } as const
  return sharp(pixels, { raw: all.length > 1 ? { ...raw, pageHeight: height } : raw })
}

export interface PhotoOptions {
  width?: number
  height?: number
  format?: 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff'
  /** An EXIF orientation, 1 to 8. JPEG only. */
  orientation?: number
  seed?: number
}

const photos = new Map<string, Promise<Buffer>>()

/** A picture as hard to encode as a photograph: 6 megapixels are 1.6 MB as JPEG. It is deterministic. */
export function photo(options: PhotoOptions = {}): Promise<Buffer> {
  const key = JSON.stringify(Object.entries(options).sort())
  const known = photos.get(key) ?? developPhoto(options)
  photos.set(key, known)
  return known
}

async function developPhoto(options: PhotoOptions): Promise<Buffer> {
  const { width = 3000, height = 2000, format = 'jpeg', orientation, seed = 1 } = options
  const random = generator(seed)
  const wave = (length: number): Float32Array => {
    const period = 30 + random() * 200
    return Float32Array.from({ length }, (_, i) => 45 * Math.sin(i / period))
  }
  const [across, down, tint] = [wave(width), wave(height), wave(width)]
  const grain = Int8Array.from({ length: 65_521 }, () => random() * 36 - 18)
  const pixels = new Uint8ClampedArray(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3
      const shape = ((x >> 7) ^ (y >> 7)) & 1 ? 15 : -15
      const light = 128 + shape + (across[x] ?? 0) + (down[y] ?? 0) + (grain[(at / 3) % grain.length] ?? 0)
      pixels[at] = light
      pixels[at + 1] = light + (tint[x] ?? 0)
      pixels[at + 2] = light - (tint[x] ?? 0)
    }
  }
  const image = sharp(pixels, { raw: { width, height, channels: 3 } })
  const encoded = await image.toFormat(format, format === 'jpeg' ? { quality: 85 } : {}).toBuffer()
  return orientation ? withOrientation(encoded, orientation) : encoded
}

/** Inserts an EXIF segment with only the orientation into a JPEG, by hand so that no ICC profile is added. */
export function withOrientation(jpeg: Buffer, orientation: number): Buffer {
  const exif = Buffer.from('ffe100224578696600004d4d002a00000008000101120003000000010000000000000000', 'hex')
  exif.writeUInt16BE(orientation, 28)
  return Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)])
}

// 6 by 6 cells, black for 0 and white for 1: 24 bits of number, 12 bits of checksum.
const CELLS = 6
const ID_BITS = 24
const CHECK_BITS = CELLS * CELLS - ID_BITS
const DARK = [24, 24, 24] as const
const LIGHT = [232, 232, 232] as const

export interface LabelOptions {
  width?: number
  height?: number
  format?: 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff'
}

/** A picture that carries a number (0 to 16,777,215) that survives resizing and JPEG. 1000x750 by default. */
export function labelled(id: number, options: LabelOptions = {}): Promise<Buffer> {
  const { width = 1000, height = 750, format = 'jpeg' } = options
  const bits = bitsOf(id)
  const painter = (x: number, y: number) => (bits[y * CELLS + x] === '1' ? LIGHT : DARK)
  return paint(CELLS, CELLS, painter)
    .resize(width, height, { fit: 'fill', kernel: 'nearest' })
    .toFormat(format)
    .toBuffer()
}

/** The number of a labelled picture. Throws when the checksum says that this is none. */
export async function readLabel(image: Buffer): Promise<number> {
  const grey = sharp(image).removeAlpha().greyscale().raw()
  const { data, info } = await grey.toBuffer({ resolveWithObject: true })
  const places = Array.from(
    { length: CELLS * CELLS },
    (_, cell) => [cell % CELLS, Math.floor(cell / CELLS)] as const
  )
  const bits = places.map(([x, y]) => {
    const left = Math.floor(((x + 0.5) * info.width) / CELLS)
    const top = Math.floor(((y + 0.5) * info.height) / CELLS)
    return (data[(top * info.width + left) * info.channels] ?? 0) > 128 ? '1' : '0'
  })
  const id = Number.parseInt(bits.slice(0, ID_BITS).join(''), 2)
  if (bits.join('') !== bitsOf(id)) throw new Error('The picture carries no label')
  return id
}

function bitsOf(id: number): string {
  if (!Number.isInteger(id) || id < 0 || id >= 2 ** ID_BITS) throw new RangeError(`${id} is no label`)
  const number = id.toString(2).padStart(ID_BITS, '0')
  const check = crc32(number) % 2 ** CHECK_BITS
  return number + check.toString(2).padStart(CHECK_BITS, '0')
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
