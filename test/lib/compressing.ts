import sharp from 'sharp'
import t from 'tap'
import { compress } from '../../lib/compress.ts'
import type { ImageError } from '../../lib/image/error.ts'

export const limits = { maxPixels: 52_000_000 }

export async function pixel(image: Buffer, left: number, top: number): Promise<number[]> {
  return [...(await sharp(image).extract({ left, top, width: 1, height: 1 }).raw().toBuffer())]
}

export function near(t: Tap, actual: number[], wanted: number[], tolerance: number): void {
  const distance = Math.max(...wanted.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN))))
  t.ok(distance <= tolerance, `${actual} is within ${tolerance} of ${wanted}`)
}

type Tap = Pick<typeof t, 'ok'>

export async function failure(
  source: Buffer,
  options = limits
): Promise<Pick<ImageError, 'code' | 'message' | 'transient'>> {
  const error = await compress(source, options).then(
    () => t.fail('It was accepted'),
    (error) => error
  )
  return { code: error.code, message: error.message, transient: error.transient }
}
