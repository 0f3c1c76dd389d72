import { av1Claims } from './av1.ts'
import { type Item, type Items, readItems } from './avif-items.ts'
import { unsupported } from './format.ts'

/** libheif applies each as often as it occurs: 250 rotations of one item took minutes. */
const ONCE = ['clap', 'irot', 'imir']

/** A still has one frame, a progressive one up to four. Frames that are never shown are decoded as well. */
const MAX_FRAMES = 8

const IMAGE_TYPES = ['av01', 'grid']

/** Derived images that are refused: overlays and identity items. */
const NEVER = ['iovl', 'iden']
/** Derived images that are allowed: grids of tiles, and gain maps, which libheif does not decode. */
const MAY_BE_DERIVED = ['grid', 'tmap']

/**
 * Returns the largest number of pixels that any image of the AVIF declares.
 * Throws `unsupported_format` if decoding would process pixels more than about once, as libheif cannot be
 * interrupted. The primary image must be AV1 or a grid of AV1 images. Overlays, and images derived from
 * derived images, are refused. Each transformation may occur once for each image. Throws BrokenBoxes if the
 * structure cannot be read.
 */
export function checkAvif(avif: Buffer): number {
  const items = readItems(avif)
  if (!IMAGE_TYPES.includes(items.all.get(items.primary)?.type ?? ''))
    throw unsupported('An AVIF whose primary image is neither AV1 nor a grid')
  return Math.max(...[...items.all.values()].map((item) => checkItem(item, items)))
}

function checkItem(item: Item, { all }: Items): number {
  const { type, properties, sources, width, height } = item
  const repeated = ONCE.find((name) => properties.filter((property) => property === name).length > 1)
  if (repeated) throw unsupported(`An AVIF that repeats ${repeated}`)
  if (NEVER.includes(type) || (sources.length > 0 && !MAY_BE_DERIVED.includes(type)))
    throw unsupported('An AVIF of images that are derived from others')
  if (type === 'grid')
    checkTiles(
      item,
      sources.map((id) => all.get(id))
    )
  return Math.max(width * height, type === 'av01' ? codedPixels(item) : 0)
}

function checkTiles({ width, height }: Item, tiles: (Item | undefined)[]): void {
  if (tiles.some((tile) => tile?.type !== 'av01'))
    throw unsupported('An AVIF grid of anything but AV1 images')
  const pixels = tiles.reduce((sum, tile) => sum + (tile ? tile.width * tile.height : 0), 0)
  // The tiles at the right and at the bottom may reach out of the picture.
  if (pixels > 4 * width * height) throw unsupported('An AVIF grid of more tiles than it has room for')
}

function codedPixels({ extents }: Item): number {
  const { frames, width, height } = av1Claims(Buffer.concat(extents))
  if (frames > MAX_FRAMES) throw unsupported(`An AVIF image of more than ${MAX_FRAMES} frames`)
  return width * height
}
