import sharp, { type Metadata, type Sharp } from 'sharp'
import { checkAvif } from './avif.ts'
import { ImageError } from './error.ts'
import { describeUnsupported, type ImageFormat, imageFormat, unsupported } from './format.ts'
import { withClearCanvas } from './gif.ts'
import { countScans, tidied } from './jpeg.ts'
import { withRightSum } from './png.ts'
import { firstPage } from './tiff.ts'

export interface Size {
  width: number
  height: number
}

/** A picture whose header was checked. */
export interface Picture {
  /** The size of the upright picture. */
  size: Size
  /** Returns the pipeline that decodes it, upright and in sRGB, to this size. */
  resized(size: Size): Sharp
}

// One thread for each image: that is faster than several threads for one. No cache, as no image comes twice.
sharp.concurrency(1)
sharp.cache(false)

// Every loader of libvips is code that a stranger's bytes reach; some follow references out of the file (SVG)
// or read from disk. Only these six are open, and only for bytes in memory.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`)
})

/**
 * Rows are held whole: a TIFF of 140 kB, 49,000,000 pixels wide and one high, took 1 GB. No JPEG can be
 * larger.
 */
const MAX_SIDE = 65_500

/**
 * Real files have about ten. A progressive JPEG of 560 kB with 2649 scans took 36 s of CPU, and libjpeg
 * cannot be interrupted before the last scan. libtiff has the same bound for JPEGs in TIFFs.
 */
const MAX_SCANS = 100

/**
 * Resolves with what `use` makes of the picture: its first frame or page. Checks only what the file declares.
 * lib/decoder bounds the time and memory that decoding takes.
 * Throws ImageError, always permanent: `unsupported_format`, `corrupt_image`, or `too_many_pixels`.
 */
export async function decode<T>(
  source: Buffer,
  maxPixels: number,
  use: (picture: Picture) => Promise<T>
): Promise<T> {
  const format = imageFormat(source)
  if (!format) throw unsupported(describeUnsupported(source))
  try {
    const bytes = checked(source, format, maxPixels)
    const header = await sharp(bytes, { limitInputPixels: false, limitInputChannels: false }).metadata()
    checkHeader(header, format, maxPixels)
    return await use(pictureOf(bytes, header, maxPixels)).catch(async (error: unknown) => {
      const repaired = format === 'PNG' && (await withRightSum(bytes))
      if (!repaired) throw error
      return await use(pictureOf(repaired, header, maxPixels))
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

/** Takes the tidied JPEG, because its scans are those that the decoder finds. */
function withFewScans(jpeg: Buffer): Buffer {
  if (countScans(jpeg, MAX_SCANS) > MAX_SCANS) throw unsupported(`A JPEG of more than ${MAX_SCANS} scans`)
  return jpeg
}

/** Throws if the header declares too much. */
function checkHeader(header: Metadata, format: ImageFormat, maxPixels: number): void {
  const { width, height, channels } = header
  if (width * height > maxPixels || Math.max(width, height) > MAX_SIDE) throw tooManyPixels(maxPixels)
  // On spot colours and several alphas sharp fails without a reason. A fifth channel of CMYK is its alpha.
  if (channels > (header.space === 'cmyk' ? 5 : 4)) throw unsupported(`A ${format} of ${channels} channels`)
}

// Names in the usual sRGB profiles: HP's in ASCII; the small modern ones contain only `sRGB`, in UTF-16.
const SRGB_NAMES = ['sRGB IEC61966-2.1', 'enUS\0\0\0\x08\0\0\0\x1c\0s\0R\0G\0B']

/** Converting sRGB to sRGB costs 4 of 27 ms. Other sRGB profiles are converted needlessly, but correctly. */
function isSrgb(profile: Buffer): boolean {
  return SRGB_NAMES.some((name) => profile.includes(name, 0, 'latin1'))
}

/**
 * Resizes RGB in its own profile and converts the result to sRGB. sharp alone converts before it resizes (44
 * instead of 30 ms of CPU for six megapixels of Display P3), and with 16 bits a channel not at all.
 */
function pictureOf(bytes: Buffer, header: Metadata, limitInputPixels: number): Picture {
  const isRgb = header.space === 'srgb' || header.space === 'rgb16'
  return {
    size: header.autoOrient,
    resized(size) {
      const image = sharp(bytes, { limitInputPixels, failOn: 'warning', autoOrient: true, ignoreIcc: isRgb })
      image.resize({ ...size, fit: 'fill' })
      return isRgb && header.icc && !isSrgb(header.icc)
        ? image.withIccProfile('srgb', { attach: false })
        : image
    }
  }
}

/** Messages of libtiff and libvips about intact pictures of a kind that they cannot read. */
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
