import sharp from 'sharp'
import { type Painter, paint, type Rgb, withOrientation } from './pictures.ts'

const CORNERS: Record<string, Rgb> = {
  red: [210, 40, 40],
  green: [40, 170, 60],
  blue: [40, 60, 200],
  yellow: [230, 215, 60]
}
const [RED, GREEN, BLUE, YELLOW] = Object.values(CORNERS) as [Rgb, Rgb, Rgb, Rgb]

/** Top left red, top right green, bottom left blue, bottom right yellow. */
export function corners(width: number, height: number): Painter {
  return (x, y) => (y < height / 2 ? (x < width / 2 ? RED : GREEN) : x < width / 2 ? BLUE : YELLOW)
}

/** The names of the four corners' nearest colours: top left, top right, bottom left, bottom right. */
export async function readCorners(image: Buffer): Promise<string[]> {
  const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const places = [0.25, 0.75].flatMap((y) => [0.25, 0.75].map((x) => [x, y] as const))
  return places.map(([x, y]) => {
    const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 3
    const distance = (colour: Rgb) => colour.reduce((sum, c, i) => sum + (c - (data[at + i] ?? 0)) ** 2, 0)
    const names = Object.entries(CORNERS).sort(([, a], [, b]) => distance(a) - distance(b))
    return names[0]?.[0] ?? ''
  })
}

/** Which pixel of the upright picture is stored at x, y, by orientation: EXIF 2.3, 4.6.4 A. */
const UPRIGHT: Record<number, (x: number, y: number, width: number, height: number) => [number, number]> = {
  1: (x, y) => [x, y],
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, _w, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, w) => [w - 1 - y, x],
  7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
  8: (x, y, _w, h) => [y, h - 1 - x]
}

/** A JPEG stored in one of the eight orientations; upright it is `width` by `height` with `corners`. */
export async function oriented(orientation: number, width: number, height: number): Promise<Buffer> {
  const upright = UPRIGHT[orientation] ?? ((x, y) => [x, y])
  const colour = corners(width, height)
  const [storedWidth, storedHeight] = orientation > 4 ? [height, width] : [width, height]
  const stored = paint(storedWidth, storedHeight, (x, y) => colour(...upright(x, y, width, height)))
  return withOrientation(await stored.jpeg({ quality: 90 }).toBuffer(), orientation)
}
