import sharp, { type Sharp } from 'sharp'

/** Three bytes of sRGB a pixel. */
export interface Pixels {
  data: Buffer
  width: number
  height: number
}

/** As the picture is seen on a white page. */
export async function pixels(image: Sharp): Promise<Pixels> {
  const opaque = image.flatten({ background: 'white' }).toColourspace('srgb').removeAlpha()
  const { data, info } = await opaque.raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

export const fromPixels = ({ data, width, height }: Pixels): Sharp =>
  sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })

/**
 * Resolves with the best that there is of a picture at a size: from all its pixels, upright, on white,
 * resized by Lanczos in linear light, as light mixes, or in sRGB, as nearly all programs do. What differs
 * from the latter comes from the encoder.
 */
export async function reference(
  source: Buffer,
  { width, height }: { width: number; height: number },
  space: 'linear' | 'srgb'
): Promise<Buffer> {
  const whole = await pixels(sharp(source, { autoOrient: true, limitInputPixels: false }))
  const resized = fromPixels(whole)
    .pipelineColourspace(space === 'linear' ? 'scrgb' : 'srgb')
    .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
  return (await pixels(resized)).data
}
