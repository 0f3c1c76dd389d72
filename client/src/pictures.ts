import type { Image } from './generated/index.ts'
import { toPng } from './png.ts'
import { decodeThumbHash } from './thumbhash.ts'

/** A `<source>` of a `<picture>`. */
export interface PictureSource {
  type: string
  srcset: string
}

/** Smaller files first: a browser takes the first source that it can show. */
const TYPES = ['image/avif', 'image/webp', 'image/png', 'image/jpeg']
const JPEG = 'image/jpeg'

/**
 * Returns the `srcset` of an `<img>`: the JPEG, and the renditions that are JPEGs of the whole picture. Empty
 * until the image is done.
 */
export const srcset = (image: Image): string => srcsetOf(image, JPEG)

/**
 * Returns the `<source>`s of a `<picture>`, for the formats of the image's renditions besides JPEG.
 * Renditions of other proportions, as thumbnails are, are left out.
 */
export function pictureSources(image: Image): PictureSource[] {
  return TYPES.filter((type) => type !== JPEG)
    .map((type) => ({ type, srcset: srcsetOf(image, type) }))
    .filter(({ srcset }) => srcset !== '')
}

/** Returns a data URL of a blurred picture, to show until the image is loaded, or null without one. */
export function placeholderUrl({ placeholder }: Image): string | null {
  if (!placeholder) return null
  const hash = Uint8Array.from(atob(placeholder.thumbhash), (letter) => letter.charCodeAt(0))
  const png = toPng(decodeThumbHash(hash))
  return `data:image/png;base64,${btoa(String.fromCharCode(...png))}`
}

function srcsetOf({ url, width, height, renditions }: Image, type: string): string {
  if (!url || !width || !height) return ''
  const all = [{ url, width, height, content_type: JPEG }, ...Object.values(renditions)]
  const ratio = width / height
  // Sides are rounded to whole pixels, so the proportions of small pictures differ a little.
  const isWhole = (one: { width: number; height: number }) =>
    Math.abs(one.width - one.height * ratio) <= Math.max(1, ratio)
  const byWidth = new Map(
    all
      .filter((one) => one.content_type === type && isWhole(one))
      .map((one) => [one.width, `${one.url} ${one.width}w`])
  )
  return [...byWidth]
    .sort(([one], [other]) => one - other)
    .map(([, text]) => text)
    .join(', ')
}
