import sharp, { type AvifOptions, type JpegOptions, type WebpOptions } from 'sharp'
import { compress } from '../../lib/compress.ts'
import { decode, type Size } from '../../lib/image/decode.ts'
import type { JpegEncoder } from '../../lib/image/encode.ts'

export interface Made {
  encoded: Buffer
  /** Milliseconds of CPU. */
  cpu: number
}

const MAX_PIXELS = 52_000_000

export interface Setting {
  name: string
  make(source: Buffer): Promise<Made>
}

function measured(name: string, encode: (source: Buffer) => Promise<Buffer>): Setting {
  return {
    name,
    async make(source) {
      const before = process.cpuUsage()
      const encoded = await encode(source)
      const { user, system } = process.cpuUsage(before)
      return { encoded, cpu: (user + system) / 1000 }
    }
  }
}

/** What the pipeline makes of it. */
const url = (jpegEncoder: JpegEncoder) =>
  measured(
    `\`url\`, ${jpegEncoder}`,
    async (source) => (await compress(source, { maxPixels: MAX_PIXELS, jpegEncoder })).jpeg
  )

/** What a rendition of that format is by default. */
const rendition = (format: 'webp' | 'avif', options: WebpOptions | AvifOptions) =>
  measured(`${format} ${options.quality}`, (source) =>
    decode(source, MAX_PIXELS, ({ size, resized }) =>
      resized(inside(size)).toFormat(format, options).toBuffer()
    )
  )

function inside({ width, height }: Size): Size {
  const scale = Math.min(1, 800 / width, 600 / height)
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

/** What sharp makes of it with those options, and nothing around it. */
const bare = (name: string, options?: JpegOptions) =>
  measured(name, (source) =>
    sharp(source, { autoOrient: true, failOn: 'warning' })
      .resize(800, 600, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: 'white' })
      .jpeg(options)
      .toBuffer()
  )

/** What the service makes by default. */
export const SHIPPED = url('turbo')
/** What sharp makes at the same quality. */
export const BARE = bare('sharp, JPEG 75', { quality: 75 })

export const SETTINGS: Setting[] = [
  SHIPPED,
  url('mozjpeg'),
  rendition('webp', { quality: 82, effort: 2 }),
  rendition('avif', { quality: 61, effort: 0, chromaSubsampling: '4:2:0' }),
  BARE,
  bare('sharp’s default JPEG')
]
