import pLimit from 'p-limit'
import sharp, { type Metadata, type SharpOptions } from 'sharp'
import { ImageError } from './image/error.ts'
import { describeUnsupported, IMAGE_FORMATS, type ImageFormat, imageFormat } from './image/format.ts'
import { countScans } from './image/jpeg-scans.ts'

export interface Compressed {
  jpeg: Buffer
  /** Pixels, as seen upright. */
  width: number
  height: number
}

export interface CompressOptions {
  /** The most pixels (width times height, as the file's header claims them) that are decoded. */
  maxPixels: number
}

// One thread an image: several images at once beat several threads on one. No cache: no image comes twice.
sharp.concurrency(1)
sharp.cache(false)

// Every loader of libvips is code that a stranger's bytes reach; some follow references out of the file (SVG) or read
// from disk. Only these six are open, and only for bytes in memory.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`)
})

const MAX_WIDTH = 800
const MAX_HEIGHT = 600
const QUALITY = 75

/** A TIFF of 140 kB, 49,000,000 pixels wide and one high, took 1 GB: rows are held whole. JPEG ends here anyway. */
const MAX_SIDE = 65_500

/**
 * Real files have about ten. A progressive JPEG of 560 kB with 2649 took 36 s of CPU, and twice MAX_SECONDS: libjpeg is
 * not to be interrupted before the last of them. libtiff has the same bound for JPEGs within TIFFs.
 */
const MAX_SCANS = 100

/** Of the clock, so with room for a busy machine: 50 megapixels of AVIF take 1 s of CPU, and took 10 s on one. */
const MAX_SECONDS = 60

/** Bytes. Pictures whose decoder needs more than this are decoded one at a time, whatever the concurrency. */
const HEAVY = 128 * 1024 * 1024
const heavyLane = pLimit(1)

/**
 * Fits an image into 800x600 and encodes it as JPEG: quality 75, 4:2:0, sRGB, upright, on white, without metadata,
 * never enlarged. Of several frames or pages it takes the first.
 *
 * Throws ImageError, always permanent: `unsupported_format`, `corrupt_image`, `too_many_pixels` (by the header, before
 * a pixel is decoded), or `timeout` when a picture within that limit is made to decode for longer than any real one.
 */
export async function compress(source: Buffer, { maxPixels }: CompressOptions): Promise<Compressed> {
  const format = imageFormat(source)
  if (!format) throw unsupported(describeUnsupported(source))
  try {
    const header = await sharp(source, { limitInputPixels: false, limitInputChannels: false }).metadata()
    judge(header, format, maxPixels)
    const scans = format === 'JPEG' ? countScans(source, MAX_SCANS) : 1
    if (scans > MAX_SCANS) throw unsupported(`A JPEG of more than ${MAX_SCANS} scans`)
    const work = () => fitTolerantly(source, header, maxPixels)
    return await (memoryNeeded(header, format, scans) > HEAVY ? heavyLane(work) : work())
  } catch (error) {
    throw error instanceof ImageError ? error : explained(error, format, maxPixels)
  }
}

/** Refuses by the header. */
function judge(header: Metadata, format: ImageFormat, maxPixels: number): void {
  const { width, height, channels } = header
  if (width * height > maxPixels || Math.max(width, height) > MAX_SIDE) throw tooManyPixels(maxPixels)
  // Spot colours and several alphas: sharp fails on them without saying why. The fifth of CMYK is its alpha.
  if (channels > (header.space === 'cmyk' ? 5 : 4)) throw unsupported(`A ${format} of ${channels} channels`)
}

/** What the decoder holds at its peak, as measured: the formats that come row by row need next to nothing. */
function memoryNeeded(
  { width, height, isProgressive }: Metadata,
  format: ImageFormat,
  scans: number
): number {
  if (format === 'AVIF') return width * height * 25
  return isProgressive || scans > 1 || format === 'GIF' || format === 'WebP' ? width * height * 8 : 0
}

// To libjpeg a damaged picture is but a warning, so warnings fail. These are harmless, come before the first pixel, and
// are in the files of some cameras and phones that every browser shows: stray bytes between the header's segments.
const HARMLESS = /Invalid SOS parameters|extraneous bytes before marker 0x(c[0-3]|d[bd]|e.|fe)/

async function fitTolerantly(source: Buffer, header: Metadata, maxPixels: number): Promise<Compressed> {
  const limits = { limitInputPixels: maxPixels }
  try {
    return await fit(source, header, { ...limits, failOn: 'warning' })
  } catch (error) {
    if (!(error instanceof Error && HARMLESS.test(error.message))) throw error
    return await fit(source, header, { ...limits, failOn: 'error' })
  }
}

/** sharp's own `inside` rounds from the size after shrink-on-load: one JPEG in six came out a pixel off. */
function fitted({ width, height }: { width: number; height: number }) {
  const scale = Math.min(1, MAX_WIDTH / width, MAX_HEIGHT / height)
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

// What the usual sRGB profiles call themselves: HP's in ASCII, the small modern ones `sRGB` and no more, in UTF-16.
const SRGB_NAMES = ['sRGB IEC61966-2.1', 'enUS\0\0\0\x08\0\0\0\x1c\0s\0R\0G\0B']

/** Converting sRGB to sRGB costs 4 of 27 ms. An sRGB profile under another name is but converted in vain. */
function isSrgb(profile: Buffer): boolean {
  return SRGB_NAMES.some((name) => profile.includes(name, 0, 'latin1'))
}

/**
 * The one decode. RGB is left in its own profile until it is small, then brought to sRGB: sharp's own order converts
 * before resizing (44 instead of 30 ms CPU for six megapixels of Display P3) and not at all at 16 bits a channel.
 */
async function fit(source: Buffer, header: Metadata, options: SharpOptions): Promise<Compressed> {
  const isRgb = header.space === 'srgb' || header.space === 'rgb16'
  const image = sharp(source, { ...options, autoOrient: true, ignoreIcc: isRgb })
    .resize({ ...fitted(header.autoOrient), fit: 'fill' })
    .flatten({ background: 'white' })
    .jpeg({ quality: QUALITY })
    .timeout({ seconds: MAX_SECONDS })
  if (isRgb && header.icc && !isSrgb(header.icc)) image.withIccProfile('srgb', { attach: false })
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  return { jpeg: data, width: info.width, height: info.height }
}

/** sharp's errors have no codes, only the text of whichever library gave up. */
function explained(cause: unknown, format: ImageFormat, maxPixels: number): ImageError {
  const text = cause instanceof Error ? cause.message : ''
  if (/Maximum supported image dimension|width\/height out of range|Security limit/.test(text)) {
    return tooManyPixels(maxPixels, { cause })
  }
  if (/timeout: \d+% complete/.test(text)) {
    return new ImageError('timeout', `Decoding the ${format} takes more than ${MAX_SECONDS} s`, { cause })
  }
  return new ImageError('corrupt_image', `The ${format} is broken or incomplete: send it again`, { cause })
}

function unsupported(what: string): ImageError {
  return new ImageError('unsupported_format', `${what} is not supported: send ${IMAGE_FORMATS.join(', ')}`)
}

function tooManyPixels(maxPixels: number, options?: ErrorOptions): ImageError {
  const limit = `${maxPixels} pixels in all and ${MAX_SIDE} a side`
  return new ImageError('too_many_pixels', `The image is larger than ${limit}: send a smaller one`, options)
}
