import sharp, { type OutputInfo, type Sharp } from 'sharp'
import type { Picture, Size } from './decode.ts'
import type { Layout } from './layout.ts'

/** A decoded picture, upright and in sRGB, from which several results are made. */
export interface Pixels {
  data: Buffer
  info: Pick<OutputInfo, 'width' | 'height' | 'channels'>
}

/** Decodes once, to the largest size that one of the layouts needs. */
export async function pixelsFor({ size, resized }: Picture, layouts: Layout[]): Promise<Pixels> {
  const width = Math.max(...layouts.map(({ scaled }) => scaled.width))
  const largest = layouts.find(({ scaled }) => scaled.width === width)?.scaled ?? size
  return await resized(largest).raw().toBuffer({ resolveWithObject: true })
}

/** Returns the pipeline that fits the pixels into the layout. `background` surrounds a smaller picture. */
export function laidOut(
  { data, info }: Pixels,
  { scaled, result }: Layout,
  background: { alpha: 0 | 1 }
): Sharp {
  const { width, height, channels } = info
  const image = sharp(data, { raw: { width, height, channels } })
  if (!isSame(info, scaled)) image.resize({ ...scaled, fit: 'fill' })
  const [left, top] = [
    Math.floor((scaled.width - result.width) / 2),
    Math.floor((scaled.height - result.height) / 2)
  ]
  if (left >= 0 && top >= 0) return isSame(scaled, result) ? image : image.extract({ left, top, ...result })
  return image.extend({
    left: -left,
    top: -top,
    right: result.width - scaled.width + left,
    bottom: result.height - scaled.height + top,
    background: { r: 255, g: 255, b: 255, ...background }
  })
}

const isSame = (one: Size, other: Size) => one.width === other.width && one.height === other.height
