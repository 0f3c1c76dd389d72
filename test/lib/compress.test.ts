import sharp from 'sharp'
import t from 'tap'
import { compress } from '../../lib/compress.ts'
import type { ImageError } from '../../lib/image/error.ts'
import {
  hiddenScans,
  overlayAvif,
  pagedTiff,
  rotatedAvif,
  scansBehindAnEmptyOne,
  withStrayBytes
} from '../support/pictures/attacks.ts'
import { claimSize, pngBomb, pngChunk, STRANGE_FILES, tiffBomb } from '../support/pictures/broken-pictures.ts'
import { corners, oriented, readCorners } from '../support/pictures/corners.ts'
import { pictureKinds } from '../support/pictures/picture-kinds.ts'
import { labelled, paint, photo, readLabel, withOrientation } from '../support/pictures/pictures.ts'
import { adobeRgbProfile } from '../support/pictures/profiles.ts'
import { everyBitAlone, scannedJpeg } from '../support/pictures/scans.ts'

const limits = { maxPixels: 52_000_000 }
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

async function pixel(image: Buffer, left: number, top: number): Promise<number[]> {
  return [...(await sharp(image).extract({ left, top, width: 1, height: 1 }).raw().toBuffer())]
}

function near(t: Tap, actual: number[], wanted: number[], tolerance: number): void {
  const distance = Math.max(...wanted.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN))))
  t.ok(distance <= tolerance, `${actual} is within ${tolerance} of ${wanted}`)
}

type Tap = Pick<typeof t, 'ok'>

async function failure(
  source: Buffer,
  options = limits
): Promise<Pick<ImageError, 'code' | 'message' | 'transient'>> {
  const error = await compress(source, options).then(
    () => t.fail('It was accepted'),
    (error) => error
  )
  return { code: error.code, message: error.message, transient: error.transient }
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

t.test('A broken profile or EXIF segment does not fail the picture', async (t) => {
  const jpeg = await paint(80, 60, corners(80, 60)).jpeg().toBuffer()
  const insert = (segment: Buffer) => Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
  const app = (marker: number, text: string) => {
    const segment = Buffer.from(`\xff\0\0\0${text}`, 'latin1')
    segment[1] = marker
    segment.writeUInt16BE(segment.length - 2, 2)
    return segment
  }
  const loop = 'Exif\0\0MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\x08'
  const files = [
    insert(app(0xe2, `ICC_PROFILE\0\x01\x01${'no profile '.repeat(30)}`)),
    insert(app(0xe1, 'Exif\0\0no exif')),
    insert(app(0xe1, loop)),
    withOrientation(jpeg, 99),
    insert(Buffer.concat([app(0xe1, 'Exif\0\0'), Buffer.from('stray bytes that some cameras leave')]))
  ]
  for (const file of files) {
    const { jpeg, width, height } = await compress(file, limits)
    t.strictSame([width, height, ...(await readCorners(jpeg))], [80, 60, ...CORNERS])
  }
})

t.test('A picture that every browser shows is not refused for what its encoder wrote sloppily', async (t) => {
  const jpeg = await paint(80, 60, corners(80, 60)).jpeg().toBuffer()
  const spectral = jpeg.indexOf('ffda000c03', 0, 'hex') + 12
  const sloppy = Buffer.concat([jpeg.subarray(0, spectral), Buffer.from([0]), jpeg.subarray(spectral + 1)])
  t.strictSame(await readCorners((await compress(sloppy, limits)).jpeg), CORNERS)
  const trailed = Buffer.concat([jpeg, Buffer.from('PK\x03\x04 and a zip behind it')])
  t.strictSame(await readCorners((await compress(trailed, limits)).jpeg), CORNERS)
})

t.test('What is no picture that is understood is named, and the supported formats are listed', async (t) => {
  for (const [name, file] of Object.entries(STRANGE_FILES)) {
    t.strictSame(await failure(file), {
      code: 'unsupported_format',
      message: `${name} is not supported: send JPEG, PNG, WebP, AVIF, GIF, TIFF`,
      transient: false
    })
  }
})

t.test('The loaders of all other formats are shut, also to direct calls of sharp', async (t) => {
  const starts = {
    svg: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    ppm: 'P6 1 1 255\nabc',
    pfm: 'PF 1 1 -1\n            ',
    pdf: '%PDF-1.7\n',
    vips: `\x08\xf2\xa6\xb6${'\0'.repeat(80)}`,
    radiance: '#?RADIANCE\n\n-Y 1 +X 1\nabcd',
    fits: 'SIMPLE  =                    T',
    exr: '\x76\x2f\x31\x01',
    jp2: '\0\0\0\x0cjP  \r\n\x87\n',
    psd: '8BPS\0\x01',
    mvg: 'push graphic-context\nviewbox 0 0 9 9',
    csv: '1,2,3\n4,5,6\n',
    matrix: '2 1\n1 2\n'
  }
  for (const [name, start] of Object.entries(starts)) {
    const file = Buffer.from(start, 'latin1')
    t.equal((await failure(file)).code, 'unsupported_format', name)
    await t.rejects(
      sharp(file).toBuffer(),
      { message: 'Input buffer contains unsupported image format' },
      name
    )
  }
  await t.rejects(sharp('package.json').toBuffer(), {
    message: 'Input file contains unsupported image format'
  })
})

t.test('A file cut short is corrupt, wherever it was cut', async (t) => {
  const names = [
    'JPEG, baseline',
    'JPEG, progressive',
    'PNG',
    'PNG, interlaced',
    'WebP',
    'AVIF',
    'GIF',
    'TIFF'
  ] as const
  for (const name of names) {
    const file = await KINDS[name]()
    const format = name.split(',')[0]
    for (const part of [0.02, 0.25, 0.5, 0.9]) {
      t.strictSame(
        await failure(file.subarray(0, Math.max(16, file.length * part))),
        {
          code: 'corrupt_image',
          message: `The ${format} is broken or incomplete: send it again`,
          transient: false
        },
        `${name} cut at ${part}`
      )
    }
  }
  for (const magic of ['ffd8ff', '89504e470d0a1a0a', '474946383961', '49492a00']) {
    t.equal((await failure(Buffer.from(magic, 'hex'))).code, 'corrupt_image', magic)
  }
})

t.test('A file damaged in the middle is corrupt', async (t) => {
  for (const name of ['JPEG, baseline', 'PNG', 'WebP', 'AVIF', 'GIF', 'TIFF'] as const) {
    const file = Buffer.from(await KINDS[name]())
    for (let at = Math.floor(file.length / 2); at < file.length * 0.6; at++) file[at] = (at * 89) & 0xff
    t.equal((await failure(file)).code, 'corrupt_image', name)
  }
})

t.test('A picture that claims too many pixels is refused by its header, whatever follows', async (t) => {
  const refusal = {
    code: 'too_many_pixels',
    message: 'The image is larger than 52000000 pixels in all and 65500 a side: send a smaller one',
    transient: false
  }
  const claims = {
    'a PNG bomb': pngBomb(50_000),
    'a TIFF of one row': tiffBomb(49_000_000, 1),
    JPEG: claimSize(await KINDS['JPEG, baseline'](), 65_500, 65_500),
    'a JPEG beyond the format': claimSize(await KINDS['JPEG, baseline'](), 65_535, 65_535),
    PNG: claimSize(await KINDS.PNG(), 1_000_000, 1_000_000),
    GIF: claimSize(await KINDS.GIF(), 65_535, 65_535),
    WebP: claimSize(await KINDS.WebP(), 16_383, 16_383),
    AVIF: claimSize(await KINDS.AVIF(), 65_000, 65_000)
  }
  for (const [name, file] of Object.entries(claims)) t.strictSame(await failure(file), refusal, name)
})

t.test('The limit is inclusive', async (t) => {
  const square = await paint(100, 100, () => [1, 2, 3])
    .png()
    .toBuffer()
  t.match(await compress(square, { maxPixels: 10_000 }), { width: 100, height: 100 })
  t.strictSame(await failure(square, { maxPixels: 9_999 }), {
    code: 'too_many_pixels',
    message: 'The image is larger than 9999 pixels in all and 65500 a side: send a smaller one',
    transient: false
  })
})

t.test('A TIFF of many channels is unsupported rather than broken', async (t) => {
  t.strictSame(await failure(tiffBomb(10, 10, 6)), {
    code: 'unsupported_format',
    message: 'A TIFF of 6 channels is not supported: send JPEG, PNG, WebP, AVIF, GIF, TIFF',
    transient: false
  })
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

t.test('A JPEG of more scans than any real one is refused before it is decoded', async (t) => {
  const scans = everyBitAlone(1)
  t.strictSame(await failure(scannedJpeg({ side: 7000, components: 1, isProgressive: true, scans })), {
    code: 'unsupported_format',
    message: 'A JPEG of more than 100 scans is not supported: send JPEG, PNG, WebP, AVIF, GIF, TIFF',
    transient: false
  })
})

t.test('Files that are small and cost minutes are refused, or cost next to nothing', async (t) => {
  const attacks = {
    'an overlay of rotated pictures': [await overlayAvif(7000), /neither AV1 nor a grid/],
    'eight rotations': [await rotatedAvif(7000, 8), /repeats irot/],
    'scans behind an empty one': [scansBehindAnEmptyOne(2000), /more than 100 scans/],
    'hidden scans': [hiddenScans(7000), /more than 100 scans/],
    'hidden scans behind stray bytes': [withStrayBytes(hiddenScans(7000)), /more than 100 scans/]
  } as const
  const before = process.cpuUsage()
  for (const [name, [file, message]] of Object.entries(attacks))
    t.match(await failure(file), { code: 'unsupported_format', message }, name)
  t.match(await compress(pagedTiff(60_000), limits), { width: 1, height: 1 })
  const { user, system } = process.cpuUsage(before)
  t.ok(user + system < 1_500_000, `${(user + system) / 1e6} s of CPU`)
})

t.test('A harmless fault excuses no other', async (t) => {
  const jpeg = await photo({ width: 640, height: 480 })
  t.match(await compress(withStrayBytes(jpeg), limits), { width: 640 })
  const middle = Math.floor(jpeg.length / 2)
  const damaged = Buffer.concat([jpeg.subarray(0, middle), Buffer.from('ffd3', 'hex'), jpeg.subarray(middle)])
  t.equal((await failure(damaged)).code, 'corrupt_image')
  t.equal((await failure(withStrayBytes(damaged))).code, 'corrupt_image')
})

t.test('A picture that lacks nothing but its end or its sum is whole', async (t) => {
  const jpeg = await photo({ width: 640, height: 480 })
  for (const missing of [1, 2]) t.match(await compress(jpeg.subarray(0, -missing), limits), { width: 640 })
  for (const missing of [12, 200]) t.equal((await failure(jpeg.subarray(0, -missing))).code, 'corrupt_image')
  const kinds = ['PNG', 'PNG, interlaced', 'PNG, 16-bit transparent', 'PNG, palette'] as const
  for (const kind of kinds) {
    const png = await KINDS[kind]()
    t.same(
      await readCorners(
        (
          await compress(
            withData(png, (data) => wrongSum(data)),
            limits
          )
        ).jpeg
      ),
      CORNERS,
      kind
    )
    const short = withData(png, (data) => data.subarray(0, data.length / 2))
    t.equal((await failure(short)).code, 'corrupt_image', `${kind}, half of its data`)
  }
})

const wrongSum = (data: Buffer) => {
  const wrong = Buffer.from(data)
  wrong.writeUInt32BE((wrong.readUInt32BE(wrong.length - 4) ^ 0x55) >>> 0, wrong.length - 4)
  return wrong
}

/** A PNG with other data in one chunk, all sums over chunks right. */
function withData(png: Buffer, change: (data: Buffer) => Buffer): Buffer {
  const data: Buffer[] = []
  const others: Buffer[] = []
  for (let at = 8; at < png.length; ) {
    const end = at + 12 + png.readUInt32BE(at)
    const isData = png.toString('latin1', at + 4, at + 8) === 'IDAT'
    if (isData) data.push(png.subarray(at + 8, end - 4))
    else others.push(png.subarray(at, end))
    at = end
  }
  const end = others.pop() ?? Buffer.alloc(0)
  return Buffer.concat([png.subarray(0, 8), ...others, pngChunk('IDAT', change(Buffer.concat(data))), end])
}

t.test(
  'What the first frame of a GIF leaves uncovered is white, with and without transparency',
  async (t) => {
    const blue = await paint(20, 10, () => [20, 40, 200])
      .gif()
      .toBuffer()
    const opaque = Buffer.from(blue)
    const control = opaque.indexOf('21f904', 0, 'hex') + 3
    opaque[control] = (opaque[control] ?? 0) & 0xfe
    for (const gif of [blue, opaque]) {
      const partial = Buffer.from(gif)
      partial.writeUInt16LE(40, 6)
      partial.writeUInt16LE(30, 8)
      const { jpeg, width, height } = await compress(partial, limits)
      t.strictSame([width, height], [40, 30])
      near(t, await pixel(jpeg, 4, 4), [20, 40, 200], 12)
      near(t, await pixel(jpeg, 35, 25), [255, 255, 255], 2)
      near(t, await pixel(jpeg, 35, 4), [255, 255, 255], 2)
    }
    near(t, await pixel((await compress(opaque, limits)).jpeg, 10, 5), [20, 40, 200], 12)
  }
)

t.test('A TIFF of a kind that cannot be read is unsupported rather than broken', async (t) => {
  const withTag = (tag: number, value: number) => {
    const tiff = tiffBomb(10, 10)
    for (let at = 10; at < 10 + 9 * 12; at += 12)
      if (tiff.readUInt16LE(at) === tag) tiff.writeUInt32LE(value, at + 8)
    return tiff
  }
  for (const [tag, value, what] of [
    [259, 50_000, /^A TIFF compressed with ZSTD is not supported/],
    [262, 8, /^This kind of TIFF is not supported/],
    [258, 4, /^This kind of TIFF is not supported/]
  ] as const)
    t.match(await failure(withTag(tag, value)), { code: 'unsupported_format', message: what })
})
