import { decode, type Size } from './image/decode.ts'
import { asJpeg, type JpegEncoder } from './image/encode.ts'

export interface Compressed {
  jpeg: Buffer
  /** Pixels of the upright picture. */
  width: number
  height: number
}

export interface CompressOptions {
  /** Largest picture that is decoded: width times height, as the header claims them. */
  maxPixels: number
  jpegEncoder?: JpegEncoder
}

const MAX_WIDTH = 800
const MAX_HEIGHT = 600

/**
 * Fits an image into 800x600 and encodes it as JPEG: sRGB, upright, on white, without metadata, never
 * enlarged. Throws as `decode` does.
 */
export async function compress(
  source: Buffer,
  { maxPixels, jpegEncoder = 'turbo' }: CompressOptions
): Promise<Compressed> {
  return await decode(source, maxPixels, async ({ size, resized }) => {
    const { data, info } = await asJpeg(resized(fitted(size)), jpegEncoder).toBuffer({
      resolveWithObject: true
    })
    return { jpeg: data, width: info.width, height: info.height }
  })
}

/** sharp's own `inside` rounds from the size after shrink-on-load: one JPEG in six came out a pixel off. */
function fitted({ width, height }: Size): Size {
  const scale = Math.min(1, MAX_WIDTH / width, MAX_HEIGHT / height)
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}
