import sharp from 'sharp'
import t from 'tap'
import { compress } from '../../lib/compress.ts'
import {
  hiddenScans,
  overlayAvif,
  pagedTiff,
  rotatedAvif,
  scansBehindAnEmptyOne,
  withStrayBytes
} from '../support/pictures/attacks.ts'
import { claimSize, pngBomb, STRANGE_FILES, tiffBomb } from '../support/pictures/broken-pictures.ts'
import { pictureKinds } from '../support/pictures/picture-kinds.ts'
import { paint } from '../support/pictures/pictures.ts'
import { everyBitAlone, scannedJpeg } from '../support/pictures/scans.ts'
import { failure, limits } from './compressing.ts'

const KINDS = pictureKinds(1200, 900)

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
