import sharp from 'sharp'
import t from 'tap'
import { compress } from '../../lib/compress.ts'
import { corners, oriented, readCorners } from '../support/pictures/corners.ts'
import { pictureKinds } from '../support/pictures/picture-kinds.ts'
import { labelled, paint, photo, readLabel, withOrientation } from '../support/pictures/pictures.ts'
import { adobeRgbProfile } from '../support/pictures/profiles.ts'
import { limits, near, pixel } from './compressing.ts'

const KINDS = pictureKinds(1200, 900)
const CORNERS = ['red', 'green', 'blue', 'yellow']

/** The quantisation tables of a JPEG, as they stand in the file. */
function quantisation(jpeg: Buffer): string[] {
  const tables: string[] = []
  for (let at = 2; jpeg[at + 1] !== 0xda; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] === 0xdb) tables.push(jpeg.toString('hex', at, at + 2 + jpeg.readUInt16BE(at + 2)))
  }
  return tables
}

t.test('Every kind becomes an upright progressive sRGB JPEG of quality 75 without metadata', async (t) => {
  const reference = await sharp(await photo({ width: 64, height: 64 }))
    .jpeg({ quality: 75 })
    .toBuffer()
  for (const [name, make] of Object.entries(KINDS)) {
    const { jpeg, width, height } = await compress(await make(), limits)
    const seen = await sharp(jpeg).metadata()
    t.strictSame(
      {
        returned: [width, height],
        is: [seen.format, seen.width, seen.height, seen.space, seen.channels, seen.depth],
        coding: [seen.chromaSubsampling, seen.isProgressive, quantisation(jpeg)],
        metadata: [seen.exif, seen.icc, seen.xmp, seen.iptc, seen.orientation],
        corners: await readCorners(jpeg)
      },
      {
        returned: [800, 600],
        is: ['jpeg', 800, 600, 'srgb', 3, 'uchar'],
        coding: ['4:2:0', true, quantisation(reference)],
        metadata: [undefined, undefined, undefined, undefined, undefined],
        corners: CORNERS
      },
      name
    )
  }
})

t.test('mozjpeg makes the same picture of fewer bytes', async (t) => {
  const source = await photo({ width: 1200, height: 900 })
  const turbo = await compress(source, limits)
  const smaller = await compress(source, { ...limits, jpegEncoder: 'mozjpeg' })
  t.match(await sharp(smaller.jpeg).metadata(), {
    width: 800,
    height: 600,
    chromaSubsampling: '4:2:0',
    isProgressive: true
  })
  t.ok(smaller.jpeg.length < 0.97 * turbo.jpeg.length, `${smaller.jpeg.length} and ${turbo.jpeg.length}`)
})

t.test('What is transparent becomes white', async (t) => {
  for (const [, make] of Object.entries(KINDS).filter(([name]) => name.includes('transparent'))) {
    const { jpeg } = await compress(await make(), limits)
    near(t, await pixel(jpeg, 400, 300), [255, 255, 255], 2)
  }
  const veil = await paint(20, 20, () => [0, 0, 0])
    .ensureAlpha(0.5)
    .png()
    .toBuffer()
  near(t, await pixel((await compress(veil, limits)).jpeg, 10, 10), [128, 128, 128], 2)
})

t.test('Colours stay what they were, whatever the profile and the depth', async (t) => {
  const red = () => paint(64, 64, () => [220, 60, 40])
  const lossless = { quality: 100, chromaSubsampling: '4:4:4' }
  const adobe = adobeRgbProfile()
  const files = {
    'untagged PNG': await red().png().toBuffer(),
    'sRGB JPEG': await red().withIccProfile('srgb').jpeg(lossless).toBuffer(),
    'Display P3 JPEG': await red().withIccProfile('p3').jpeg(lossless).toBuffer(),
    'Display P3 PNG': await red().withIccProfile('p3').png().toBuffer(),
    'Display P3 WebP': await red().withIccProfile('p3').webp({ lossless: true }).toBuffer(),
    'Adobe RGB JPEG': await red().withIccProfile(adobe).jpeg(lossless).toBuffer(),
    '16-bit Adobe RGB PNG': await red().toColourspace('rgb16').withIccProfile(adobe).png().toBuffer(),
    '16-bit PNG': await red().toColourspace('rgb16').png().toBuffer(),
    '16-bit sRGB PNG': await red().toColourspace('rgb16').withIccProfile('srgb').png().toBuffer(),
    '16-bit Display P3 PNG': await red().toColourspace('rgb16').withIccProfile('p3').png().toBuffer()
  }
  for (const file of Object.values(files)) {
    near(t, await pixel((await compress(file, limits)).jpeg, 32, 32), [220, 60, 40], 3)
  }
  const grey = await red().greyscale().toColourspace('b-w').jpeg(lossless).toBuffer()
  const [level = 0] = await pixel(grey, 32, 32)
  const compressed = (await compress(grey, limits)).jpeg
  near(t, await pixel(compressed, 32, 32), [level, level, level], 1)
  t.equal((await sharp(compressed).metadata()).channels, 3)
  const skin = paint(64, 64, () => [200, 150, 120])
  const cmyk = await skin.toColourspace('cmyk').withIccProfile('cmyk').tiff({ compression: 'lzw' }).toBuffer()
  near(t, await pixel((await compress(cmyk, limits)).jpeg, 32, 32), [200, 150, 120], 12)
})

t.test('All eight orientations come out upright', async (t) => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const { jpeg, width, height } = await compress(await oriented(orientation, 900, 1200), limits)
    t.strictSame(
      [width, height, ...(await readCorners(jpeg))],
      [450, 600, ...CORNERS],
      `orientation ${orientation}`
    )
  }
})

t.test('Other formats are turned by their own tags', async (t) => {
  const lying = () => paint(1200, 800, corners(1200, 800)).withMetadata({ orientation: 6 })
  for (const format of ['png', 'webp', 'avif', 'tiff'] as const) {
    const { jpeg, width, height } = await compress(await lying().toFormat(format).toBuffer(), limits)
    t.strictSame(
      [width, height, ...(await readCorners(jpeg))],
      [400, 600, 'blue', 'red', 'yellow', 'green'],
      format
    )
  }
})

t.test('The size fits into 800x600, is never enlarged and never zero', async (t) => {
  const sizes = [
    [1, 1, 1, 1],
    [16, 9, 16, 9],
    [800, 600, 800, 600],
    [801, 600, 800, 599],
    [800, 601, 799, 600],
    [1600, 1200, 800, 600],
    [1200, 1600, 450, 600],
    [3000, 2000, 800, 533],
    [2000, 3000, 400, 600],
    [3529, 2730, 776, 600],
    [3587, 1558, 800, 347],
    [20_000, 1, 800, 1],
    [1, 20_000, 1, 600],
    [65_500, 3, 800, 1]
  ] as const
  for (const [width, height, fitWidth, fitHeight] of sizes) {
    const image = sharp({ create: { width, height, channels: 3, background: '#357' } })
    const jpeg = await image.clone().jpeg({ quality: 20 }).toBuffer()
    const fits = [
      await compress(jpeg, limits),
      await compress(await image.clone().png({ compressionLevel: 1 }).toBuffer(), limits),
      await compress(withOrientation(jpeg, 3), limits)
    ].map((fit) => [fit.width, fit.height])
    t.strictSame(fits, Array(3).fill([fitWidth, fitHeight]), `${width}x${height}`)
    const turned = await compress(withOrientation(jpeg, 6), limits)
    t.strictSame([turned.width <= 800, turned.height <= 600], [true, true])
  }
})

t.test('A label is still read after compression, and a picture without one is recognised', async (t) => {
  for (const [id, width, height] of [
    [0, 1000, 750],
    [16_777_215, 120, 90],
    [12_345_678, 3000, 200]
  ] as const) {
    t.equal(await readLabel((await compress(await labelled(id, { width, height }), limits)).jpeg), id)
  }
  await t.rejects(readLabel(await photo({ width: 300, height: 200 })), {
    message: 'The picture carries no label'
  })
})
