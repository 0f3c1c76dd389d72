import type { Sharp } from 'sharp'
import { decode } from './image/decode.ts'
import { asJpeg, encoded, type JpegEncoder } from './image/encode.ts'
import { layoutOf } from './image/layout.ts'
import { laidOut, pixelsFor } from './image/pixels.ts'
import { type Placeholder, placeholderOf } from './image/placeholder.ts'
import type { Rendition } from './image/rendition.ts'

export interface Encoded {
  bytes: Buffer
  /** Pixels of the upright picture. */
  width: number
  height: number
}

export interface Compressed {
  jpeg: Buffer
  /** Pixels of the upright picture. */
  width: number
  height: number
  /** In the order in which they were asked for. */
  renditions: Encoded[]
  placeholder: Placeholder | null
}

export interface CompressOptions {
  /** Largest picture that is decoded: width times height, as the header claims them. */
  maxPixels: number
  jpegEncoder?: JpegEncoder
  renditions?: Rendition[]
  placeholders?: boolean
}

const BOX = { width: 800, height: 600, fit: 'inside' } as const

/**
 * Fits an image into 800x600 and encodes it as JPEG: sRGB, upright, on white, without metadata, never
 * enlarged. Makes the renditions and the placeholder from the same decode. Throws as `decode` does.
 */
export async function compress(
  source: Buffer,
  { maxPixels, jpegEncoder = 'turbo', renditions = [], placeholders = false }: CompressOptions
): Promise<Compressed> {
  return await decode(source, maxPixels, async (picture) => {
    const main = layoutOf(picture.size, BOX)
    if (renditions.length === 0 && !placeholders) {
      const { bytes: jpeg, ...size } = await encode(asJpeg(picture.resized(main.scaled), jpegEncoder))
      return { jpeg, ...size, renditions: [], placeholder: null }
    }
    const layouts = renditions.map((rendition) => ({ rendition, layout: layoutOf(picture.size, rendition) }))
    const pixels = await pixelsFor(picture, [main, ...layouts.map(({ layout }) => layout)])
    const { bytes: jpeg, ...size } = await encode(asJpeg(laidOut(pixels, main, OPAQUE), jpegEncoder))
    const made: Encoded[] = []
    // One after the other: a decoder is one core's work.
    for (const { rendition, layout } of layouts) {
      const background = rendition.format === 'jpeg' ? OPAQUE : CLEAR
      made.push(await encode(encoded(laidOut(pixels, layout, background), rendition)))
    }
    const placeholder = placeholders ? placeholderOf(pixels) : null
    return { jpeg, ...size, renditions: made, placeholder }
  })
}

const OPAQUE = { alpha: 1 } as const
const CLEAR = { alpha: 0 } as const

async function encode(image: Sharp): Promise<Encoded> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  return { bytes: data, width: info.width, height: info.height }
}
