import t from 'tap'
import { compress } from '../../lib/compress.ts'
import { withStrayBytes } from '../support/pictures/attacks.ts'
import { pngChunk } from '../support/pictures/broken-pictures.ts'
import { corners, readCorners } from '../support/pictures/corners.ts'
import { pictureKinds } from '../support/pictures/picture-kinds.ts'
import { paint, photo, withOrientation } from '../support/pictures/pictures.ts'
import { failure, limits, near, pixel } from './compressing.ts'

const CORNERS = ['red', 'green', 'blue', 'yellow']
const KINDS = pictureKinds(1200, 900)

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
