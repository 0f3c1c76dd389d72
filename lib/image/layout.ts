import type { Size } from './decode.ts'
import type { Rendition } from './rendition.ts'

/** How a picture is fitted into a box. It is never enlarged. */
export interface Layout {
  /** The size of the whole picture. */
  scaled: Size
  /** The size of the result, which crops or surrounds it. */
  result: Size
}

/**
 * `inside` and `contain` show the whole picture, `contain` in the middle of the full box. `cover` fills the
 * box; if the picture is smaller, the box shrinks and keeps its proportions.
 */
export function layoutOf(
  size: Size,
  {
    width = Number.POSITIVE_INFINITY,
    height = Number.POSITIVE_INFINITY,
    fit
  }: Omit<Rendition, 'name' | 'format'>
): Layout {
  if (fit === 'cover') {
    const shrunk = Math.min(1, size.width / width, size.height / height)
    const result = times({ width, height }, shrunk)
    const scaled = times(size, Math.max(result.width / size.width, result.height / size.height))
    return { scaled, result }
  }
  // sharp's own `inside` rounds the size after shrink-on-load: one JPEG in six was off by a pixel.
  const scaled = times(size, Math.min(1, width / size.width, height / size.height))
  return { scaled, result: fit === 'contain' ? { width, height } : scaled }
}

const times = ({ width, height }: Size, scale: number): Size => ({
  width: Math.max(1, Math.round(width * scale)),
  height: Math.max(1, Math.round(height * scale))
})
