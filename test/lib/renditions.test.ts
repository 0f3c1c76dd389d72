import sharp from 'sharp'
import t from 'tap'
import { thumbHashToApproximateAspectRatio, thumbHashToAverageRGBA } from 'thumbhash'
import { compress, type Encoded } from '../../lib/compress.ts'
import { parseRenditions } from '../../lib/image/rendition.ts'
import { readCorners } from '../support/pictures/corners.ts'
import { pictureKinds } from '../support/pictures/picture-kinds.ts'
import { paint } from '../support/pictures/pictures.ts'
import { adobeRgbProfile } from '../support/pictures/profiles.ts'

const maxPixels = 52_000_000

async function make(source: Buffer, text: string): Promise<Encoded[]> {
  return (await compress(source, { maxPixels, renditions: parseRenditions(text) })).renditions
}

const sizesOf = (made: Encoded[]) => made.map(({ width, height }) => `${width}x${height}`).join(' ')

const solid = (width: number, height: number, alpha = 1) =>
  sharp({ create: { width, height, channels: 4, background: { r: 200, g: 40, b: 20, alpha } } })

async function pixel(image: Buffer, left: number, top: number): Promise<number[]> {
  return [...(await sharp(image).ensureAlpha().extract({ left, top, width: 1, height: 1 }).raw().toBuffer())]
}

t.test('Every kind of source becomes every format, upright, in sRGB and without metadata', async (t) => {
  const formats = { jpeg: 'jpeg', webp: 'webp', avif: 'heif', png: 'png' }
  const text = Object.keys(formats).map((format) => `${format}:x200,format=${format}`)
  for (const [name, kind] of Object.entries(pictureKinds(400, 300))) {
    const made = await make(await kind(), text.join(';'))
    for (const [at, format] of Object.values(formats).entries()) {
      const { bytes = Buffer.alloc(0), ...size } = made[at] ?? {}
      const { width, height, space, depth, exif, icc, xmp, orientation, ...seen } =
        await sharp(bytes).metadata()
      t.strictSame(
        {
          size,
          format: seen.format,
          is: [width, height, space, depth],
          metadata: [exif, icc, xmp, orientation]
        },
        {
          size: { width: 267, height: 200 },
          format,
          is: [267, 200, 'srgb', 'uchar'],
          metadata: [undefined, undefined, undefined, undefined]
        },
        `${name} as ${format}`
      )
      t.strictSame(await readCorners(bytes), ['red', 'green', 'blue', 'yellow'], `${name} as ${format}`)
    }
  }
})

t.test('Display P3 and Adobe RGB become sRGB in every format', async (t) => {
  const formats = ['jpeg', 'webp', 'avif', 'png']
  const text = formats.map((format) => `${format}:100x100,format=${format}`).join(';')
  for (const profile of ['p3', adobeRgbProfile()]) {
    const source = paint(200, 200, () => [220, 60, 40]).withIccProfile(profile)
    const wide = await source.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer()
    const { channels } = await sharp(wide, { ignoreIcc: true }).stats()
    t.ok((channels[0]?.mean ?? 220) < 210, 'its values are others')
    for (const [at, { bytes }] of (await make(wide, text)).entries()) {
      const [red = 0, green = 0, blue = 0] = await pixel(bytes, 50, 50)
      const distance = Math.max(Math.abs(red - 220), Math.abs(green - 60), Math.abs(blue - 40))
      t.ok(distance <= 3, `${formats[at]} has ${[red, green, blue]}`)
    }
  }
})

t.test('A picture fits inside, covers or is contained, and is never enlarged', async (t) => {
  const text = 'i:200x200;w:200x;c:200x200,fit=cover;p:200x100,fit=cover;b:200x200,fit=contain'
  const made = async (width: number, height: number) =>
    sizesOf(await make(await solid(width, height).png().toBuffer(), text))
  t.equal(await made(1600, 800), '200x100 200x100 200x200 200x100 200x200')
  t.equal(await made(300, 900), '67x200 200x600 200x200 200x100 200x200')
  t.equal(await made(100, 300), '67x200 100x300 100x100 100x50 200x200')
  t.equal(await made(50, 20), '50x20 50x20 20x20 40x20 200x200')
  t.equal(await made(1, 5000), '1x200 1x5000 1x1 1x1 200x200')
})

t.test('The JPEG is the same size with and without larger renditions', async (t) => {
  const source = await solid(3001, 1999).png().toBuffer()
  const { width, height, jpeg } = await compress(source, {
    maxPixels,
    renditions: parseRenditions('l:1600x')
  })
  t.match(await sharp(jpeg).metadata(), { format: 'jpeg', width, height })
  t.match(await compress(source, { maxPixels }), { width, height, renditions: [], placeholder: null })
})

t.test('Alpha is kept where the format has it, and becomes white elsewhere', async (t) => {
  const source = await solid(40, 20, 0).png().toBuffer()
  const text = ['jpeg', 'webp', 'avif', 'png'].map((format) => `${format}:20x20,fit=contain,format=${format}`)
  const [jpeg, ...others] = await make(source, text.join(';'))
  t.strictSame(await pixel(jpeg?.bytes ?? source, 10, 10), [255, 255, 255, 255])
  t.strictSame(await pixel(jpeg?.bytes ?? source, 1, 1), [255, 255, 255, 255])
  for (const { bytes } of others) {
    // AVIF encodes alpha with a loss.
    t.ok(((await pixel(bytes, 10, 10))[3] ?? 255) < 5)
    t.ok(((await pixel(bytes, 1, 1))[3] ?? 255) < 5, 'what surrounds it is clear, too')
  }
  const opaque = await paint(40, 20, () => [200, 40, 20])
    .jpeg()
    .toBuffer()
  const [onWhite, onClear] = await make(opaque, 'a:20x20,fit=contain;b:20x20,fit=contain,format=webp')
  t.ok((await pixel(onWhite?.bytes ?? source, 1, 1)).every((value) => value > 245))
  t.equal((await pixel(onClear?.bytes ?? source, 1, 1))[3], 0)
})

t.test('A placeholder has the colours, the proportions and the alpha of its picture', async (t) => {
  const placeholder = async (source: Buffer) =>
    (await compress(source, { maxPixels, placeholders: true })).placeholder
  const red = await placeholder(
    await paint(300, 100, () => [200, 40, 20])
      .png()
      .toBuffer()
  )
  t.equal(red?.color, '#c82814')
  const hash = Buffer.from(red?.thumbhash ?? '', 'base64')
  const { r, g, b, a } = thumbHashToAverageRGBA(hash)
  t.strictSame(
    [r, g, b].map((value) => Math.round(value * 10)),
    [8, 2, 1]
  )
  t.equal(a, 1)
  t.ok(thumbHashToApproximateAspectRatio(hash) > 2)
  t.match(await placeholder(await solid(10, 10, 0).png().toBuffer()), { color: '#ffffff' })
  t.match(await placeholder(await solid(10, 10, 0.5).png().toBuffer()), { color: /^#c[78]2[789]1[345]$/ })
  const grey = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#808080' } })
    .toColourspace('b-w')
    .png()
    .toBuffer()
  t.match(await placeholder(grey), { color: '#808080' })
})
