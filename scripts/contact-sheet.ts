/** Draws docs/renditions.png: what the service makes of two pictures of the demo, side by side. */
import { join } from 'node:path'
import sharp from 'sharp'
import type { Image } from '../client/src/generated/types.gen.ts'
import { placeholderUrl } from '../client/src/pictures.ts'
import { makePictures } from '../commands/demo/pictures.ts'
import { compress } from '../lib/compress.ts'
import { parseRenditions } from '../lib/image/rendition.ts'

// For the labels; sources may not be SVG.
sharp.unblock({ operation: ['VipsForeignLoadSvg'] })

const CELL = { width: 180, height: 150 }
const LABEL = 34
const CHECKED = 12

const renditions = parseRenditions('thumb:150x150,fit=cover,format=webp;large:600x,format=avif')

const NO_IMAGE: Image = {
  id: '',
  source_url: '',
  status: 'done',
  url: null,
  width: null,
  height: null,
  source_bytes: null,
  bytes: null,
  renditions: {},
  placeholder: null,
  attempts: 1,
  error: null
}

/** A picture in its cell, on squares that show where it is transparent, above its label. */
async function cell(picture: Buffer, name: string, about: string): Promise<Buffer> {
  const { width, height } = CELL
  const fitted = sharp(picture)
    .autoOrient()
    .resize({ ...CELL, fit: 'inside', withoutEnlargement: true })
  const { data, info } = await fitted.png().toBuffer({ resolveWithObject: true })
  const [left, top] = [Math.floor((width - info.width) / 2), Math.floor((height - info.height) / 2)]
  const half = CHECKED / 2
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + LABEL}">
    <pattern id="p" width="${CHECKED}" height="${CHECKED}" patternUnits="userSpaceOnUse">
      <rect width="${half}" height="${half}" fill="#ddd"/>
      <rect x="${half}" y="${half}" width="${half}" height="${half}" fill="#ddd"/></pattern>
    <rect x="${left}" y="${top}" width="${info.width}" height="${info.height}" fill="url(#p)"/>
    <g font-family="sans-serif" text-anchor="middle">
    <text x="${width / 2}" y="${height + 14}" font-size="12" font-weight="bold">${name}</text>
    <text x="${width / 2}" y="${height + 29}" font-size="11" fill="#555">${about}</text></g></svg>`
  return await sharp(Buffer.from(svg))
    .composite([{ input: data, left, top }])
    .png()
    .toBuffer()
}

async function row(name: string, source: Buffer): Promise<Buffer[]> {
  const { width, height } = await sharp(source)
    .autoOrient()
    .toBuffer({ resolveWithObject: true })
    .then((it) => it.info)
  const made = await compress(source, { maxPixels: 10_000_000, renditions, placeholders: true })
  const [thumb, large] = made.renditions
  if (!thumb || !large) throw new Error('A rendition is missing')
  const about = (of: { width: number; height: number; bytes: Buffer }) =>
    `${of.width}x${of.height}, ${Math.round(of.bytes.length / 1000)} kB`
  const [, placeholder = ''] = (placeholderUrl({ ...NO_IMAGE, placeholder: made.placeholder }) ?? '').split(
    ','
  )
  const hash = await sharp(Buffer.from(placeholder, 'base64'))
    .resize({ ...CELL, fit: 'inside' })
    .png()
    .toBuffer()
  return await Promise.all([
    cell(source, name, about({ width, height, bytes: source })),
    cell(made.jpeg, 'url', `${about({ ...made, bytes: made.jpeg })}`),
    cell(thumb.bytes, 'thumb (WebP)', about(thumb)),
    cell(large.bytes, 'large (AVIF)', about(large)),
    cell(
      hash,
      'placeholder',
      `${made.placeholder?.color}, ${Buffer.from(made.placeholder?.thumbhash ?? '', 'base64').length} bytes`
    )
  ])
}

const pictures = (await makePictures()).filter(({ name }) => ['hills.jpg', 'sticker.png'].includes(name))
const rows = await Promise.all(pictures.map(({ name, bytes }) => row(name, bytes)))
const height = (CELL.height + LABEL + 10) * rows.length
const layers = rows.flatMap((cells, y) =>
  cells.map((input, x) => ({
    input,
    left: 10 + x * (CELL.width + 10),
    top: y * (CELL.height + LABEL + 10) + 8
  }))
)
const sheet = sharp({
  create: { width: 10 + 5 * (CELL.width + 10), height, channels: 3, background: 'white' }
})
const { size } = await sheet
  .composite(layers)
  .png({ palette: true, colours: 256, compressionLevel: 9 })
  .toFile(join(import.meta.dirname, '../docs/renditions.png'))
console.log(`docs/renditions.png is written, ${size} bytes`)
