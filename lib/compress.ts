import sharp, { type Metadata } from 'sharp'
import { checkAvif } from './image/avif.ts'
import { ImageError } from './image/error.ts'
import { describeUnsupported, type ImageFormat, imageFormat, unsupported } from './image/format.ts'
import { withClearCanvas } from './image/gif.ts'
import { countScans, tidied } from './image/jpeg.ts'
import { withRightSum } from './image/png.ts'
import { firstPage } from './image/tiff.ts'

export interface Compressed {
  jpeg: Buffer
  /** Pixels of the upright picture. */
  width: number
  height: number
}

export interface CompressOptions {
  /** Largest picture that is decoded: width times height, as the header claims them. */
  maxPixels: number
}

// One thread an image: several images at once beat several threads on one. No cache: no image comes twice.
sharp.concurrency(1)
sharp.cache(false)

// Every loader of libvips is code that a stranger's bytes reach; some follow references out of the file (SVG)
// or read from disk. Only these six are open, and only for bytes in memory.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`)
})

const MAX_WIDTH = 800
const MAX_HEIGHT = 600
const QUALITY = 75

/**
 * A TIFF of 140 kB, 49,000,000 pixels wide and one high, took 1 GB: rows are held whole. JPEG ends here
 * anyway.
 */
const MAX_SIDE = 65_500

/**
 * Real files have about ten. A progressive JPEG of 560 kB with 2649 scans took 36 s of CPU, and libjpeg
 * cannot be interrupted before the last scan. libtiff has the same bound for JPEGs in TIFFs.
 */
const MAX_SCANS = 100

/**
 * Fits an image into 800x600 and encodes it as JPEG: quality 75, 4:2:0, sRGB, upright, on white, without
 * metadata, never enlarged. Uses the first frame or page.
 * Checks only what the file declares. lib/decoder bounds the time and memory that decoding takes.
 * Throws ImageError, always permanent: `unsupported_format`, `corrupt_image`, or `too_many_pixels`.
 */
export async function compress(source: Buffer, { maxPixels }: CompressOptions): Promise<Compressed> {
  const format = imageFormat(source)
  if (!format) throw unsupported(describeUnsupported(source))
  try {
    const picture = checked(source, format, maxPixels)
    const header = await sharp(picture, { limitInputPixels: false, limitInputChannels: false }).metadata()
    checkHeader(header, format, maxPixels)
    return await fit(picture, header, maxPixels).catch(async (error: unknown) => {
      const repaired = format === 'PNG' && (await withRightSum(picture))
      if (!repaired) throw error
      return await fit(repaired, header, maxPixels)
    })
  } catch (error) {
    throw error instanceof ImageError ? error : explained(error, format, maxPixels)
  }
}

/** Returns the picture as the decoder may see it. Throws if decoding it would take more than one pass. */
function checked(source: Buffer, format: ImageFormat, maxPixels: number): Buffer {
  switch (format) {
    case 'JPEG':
      return withFewScans(tidied(source))
    case 'AVIF':
      if (checkAvif(source) > maxPixels) throw tooManyPixels(maxPixels)
      return source
    case 'TIFF':
      return firstPage(source)
    case 'GIF':
      return withClearCanvas(source)
    default:
      return source
  }
}

/** Counts the scans that the decoder will find, so after the JPEG was tidied. */
function withFewScans(jpeg: Buffer): Buffer {
  if (countScans(jpeg, MAX_SCANS) > MAX_SCANS) throw unsupported(`A JPEG of more than ${MAX_SCANS} scans`)
  return jpeg
}

/** Refuses by the header. */
function checkHeader(header: Metadata, format: ImageFormat, maxPixels: number): void {
  const { width, height, channels } = header
  if (width * height > maxPixels || Math.max(width, height) > MAX_SIDE) throw tooManyPixels(maxPixels)
  // Spot colours and several alphas: sharp fails on them without saying why. The fifth of CMYK is its alpha.
  if (channels > (header.space === 'cmyk' ? 5 : 4)) throw unsupported(`A ${format} of ${channels} channels`)
}

/** sharp's own `inside` rounds from the size after shrink-on-load: one JPEG in six came out a pixel off. */
function fitted({ width, height }: { width: number; height: number }) {
  const scale = Math.min(1, MAX_WIDTH / width, MAX_HEIGHT / height)
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

// Names in the usual sRGB profiles: HP's in ASCII; the small modern ones contain only `sRGB`, in UTF-16.
const SRGB_NAMES = ['sRGB IEC61966-2.1', 'enUS\0\0\0\x08\0\0\0\x1c\0s\0R\0G\0B']

/** Converting sRGB to sRGB costs 4 of 27 ms. Other sRGB profiles are converted needlessly, but correctly. */
function isSrgb(profile: Buffer): boolean {
  return SRGB_NAMES.some((name) => profile.includes(name, 0, 'latin1'))
}

/**
 * The one decode. RGB is left in its own profile until it is small, then brought to sRGB: sharp's own order
 * converts before resizing (44 instead of 30 ms CPU for six megapixels of Display P3) and not at all at 16
 * bits a channel.
 */
async function fit(source: Buffer, header: Metadata, limitInputPixels: number): Promise<Compressed> {
  const isRgb = header.space === 'srgb' || header.space === 'rgb16'
  const image = sharp(source, { limitInputPixels, failOn: 'warning', autoOrient: true, ignoreIcc: isRgb })
    .resize({ ...fitted(header.autoOrient), fit: 'fill' })
    .flatten({ background: 'white' })
    .jpeg({ quality: QUALITY })
  if (isRgb && header.icc && !isSrgb(header.icc)) image.withIccProfile('srgb', { attach: false })
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  return { jpeg: data, width: info.width, height: info.height }
}

/** What libtiff and libvips say of a picture that is whole and of a kind that they cannot read. */
const UNREADABLE =
  /not configured|not implemented|no known route|bad labq format|not a whole number of bytes|samples out of range/

/** sharp's errors have no codes, only the message of the library that failed. */
function explained(cause: unknown, format: ImageFormat, maxPixels: number): ImageError {
  const text = cause instanceof Error ? cause.message : ''
  if (/Maximum supported image dimension|width\/height out of range|Security limit/.test(text)) {
    return tooManyPixels(maxPixels, { cause })
  }
  if (UNREADABLE.test(text)) return unsupported(`This kind of ${format}`)
  return new ImageError('corrupt_image', `The ${format} is broken or incomplete: send it again`, { cause })
}

function tooManyPixels(maxPixels: number, options?: ErrorOptions): ImageError {
  const limit = `${maxPixels} pixels in all and ${MAX_SIDE} a side`
  return new ImageError('too_many_pixels', `The image is larger than ${limit}: send a smaller one`, options)
}
