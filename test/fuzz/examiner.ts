// A child process that compresses what it is sent, so that a crash in a decoder leaves its parent alive to tell of it.
import { compress } from '../../lib/compress.ts'
import { ImageError } from '../../lib/image/error.ts'

const EXPECTED = ['unsupported_format', 'corrupt_image', 'too_many_pixels']

export interface Settlement {
  /** `compressed`, the code of an ImageError, or what should never be: `broken promise: …`. */
  outcome: string
  /** Bytes of resident memory of the process now. */
  rss: number
}

async function examine(file: Buffer): Promise<string> {
  try {
    const { jpeg, width, height } = await compress(file, { maxPixels: 50_000_000 })
    const whole = jpeg.readUInt16BE(0) === 0xffd8 && jpeg.readUInt16BE(jpeg.length - 2) === 0xffd9
    const fits = width > 0 && width <= 800 && height > 0 && height <= 600
    return whole && fits ? 'compressed' : `broken promise: a JPEG of ${jpeg.length} bytes, ${width}x${height}`
  } catch (error) {
    if (error instanceof ImageError && EXPECTED.includes(error.code) && !error.transient) return error.code
    return `broken promise: ${error}`
  }
}

process.on('message', async (file: Buffer) => {
  const outcome = await examine(file)
  process.send?.({ outcome, rss: process.memoryUsage.rss() } satisfies Settlement)
})
