import sharp from 'sharp'
import t, { type Test } from 'tap'
import { av1Claims } from '../../../lib/image/av1.ts'
import { checkAvif } from '../../../lib/image/avif.ts'
import { overlayAvif, rotatedAvif } from '../../support/pictures/attacks.ts'
import { type AvifItem, avif, box, flatAv1, rotation, size } from '../../support/pictures/avif.ts'
import { pictureKinds } from '../../support/pictures/picture-kinds.ts'

const SIDE = 64
const { data, codec } = await flatAv1(SIDE)
const dimensions = size(SIDE, SIDE)
const image = (more: Partial<AvifItem> = {}): AvifItem => ({
  type: 'av01',
  data,
  ...more,
  properties: [codec, dimensions, ...(more.properties ?? [])]
})
/** The header of a grid of so many rows and columns. */
const layout = (rows: number, columns: number) =>
  Buffer.from([0, 0, rows - 1, columns - 1, 0, columns * SIDE, 0, rows * SIDE])
const grid = (rows: number, columns: number, tile = 2): AvifItem => ({
  type: 'grid',
  data: layout(rows, columns),
  properties: [size(columns * SIDE, rows * SIDE)],
  sources: Array(rows * columns).fill(tile)
})

function refused(t: Test, file: Buffer, what: RegExp): void {
  t.throws(() => checkAvif(file), { code: 'unsupported_format', message: what }, String(what))
}

t.test('What encoders write passes, and so do grids, alpha, thumbnails and gain maps', async (t) => {
  for (const [name, make] of Object.entries(pictureKinds(300, 200)).filter(([kind]) =>
    kind.startsWith('AVIF')
  ))
    t.equal(checkAvif(await make()), 60_000, name)
  t.equal(
    checkAvif(
      await sharp(avif([image()]))
        .avif()
        .toBuffer()
    ),
    SIDE * SIDE
  )
  const thumbnail = image()
  const alpha = box('auxC', [0, 0, 0, 0], 'urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0')
  const gainMap: AvifItem = {
    type: 'tmap',
    data: Buffer.from([0]),
    properties: [dimensions],
    sources: [1, 2]
  }
  const files = {
    'one of each transformation': avif([image({ properties: [rotation(), box('imir', [1])] })]),
    'a grid': avif([grid(2, 3), image()]),
    'alpha and a thumbnail': avif([image(), image({ alphaOf: 1, properties: [alpha] }), thumbnail]),
    'a gain map': avif([image(), image(), gainMap])
  }
  for (const [name, file] of Object.entries(files)) {
    t.ok(checkAvif(file) >= SIDE * SIDE, name)
    t.match(await sharp(file, { failOn: 'warning' }).stats(), { channels: Array }, `${name} is decoded`)
  }
})

t.test('What makes a decoder do one thing many times is refused', async (t) => {
  refused(t, await overlayAvif(SIDE), /neither AV1 nor a grid/)
  refused(t, await rotatedAvif(SIDE, 2), /repeats irot/)
  refused(t, avif([image(), { type: 'iovl', data: Buffer.alloc(30), properties: [dimensions] }]), /derived/)
  refused(
    t,
    avif([image(), { type: 'iden', data: Buffer.alloc(0), properties: [], sources: [1], alphaOf: 1 }]),
    /derived/
  )
  refused(t, avif([grid(1, 1), grid(1, 1, 3), image()]), /anything but AV1/)
  refused(t, avif([{ ...grid(1, 1), sources: Array(5).fill(2) }, image()]), /more tiles/)
  const clap = box('clap', Array(32).fill(1))
  refused(t, avif([image(), image({ alphaOf: 1, properties: [clap, clap] })]), /repeats clap/)
  refused(t, avif([{ type: 'hvc1', data, properties: [dimensions] }]), /neither AV1 nor a grid/)
  const file = avif([image()])
  refused(t, Buffer.concat([file, file.subarray(28)]), /describes its items twice/)
})

t.test('Counts are bounded before anything is kept', async (t) => {
  const many = Array.from({ length: 1001 }, () => image({ data: Buffer.alloc(0) }))
  refused(t, avif(many), /more than 1000 items/)
})

t.test('Frames that are never shown count, and coded sizes count whatever the file claims', async (t) => {
  t.strictSame(av1Claims(data), { frames: 1, width: SIDE, height: SIDE })
  const frame = data.subarray(data.indexOf(0x32))
  t.equal(frame[0], 0x32, 'a frame with a size of its own')
  refused(t, avif([image({ data: Buffer.concat([data, ...Array(8).fill(frame)]) })]), /more than 8 frames/)
  const large = await flatAv1(512)
  t.equal(checkAvif(avif([image({ data: large.data })])), 512 * 512)
})

t.test('What cannot be read is never taken for harmless', async (t) => {
  const file = avif([grid(1, 2), image()])
  for (let length = 28; length < file.length; length++)
    t.throws(() => checkAvif(file.subarray(0, length)), `${length} bytes`)
  for (const widths of [0x74, 0x47, 0xff]) {
    const wide = Buffer.from(file)
    wide[wide.indexOf('iloc') + 8] = widths
    t.throws(() => checkAvif(wide), { name: 'BrokenBoxes' }, `fields of ${widths.toString(16)} bytes`)
  }
  t.ok(checkAvif(Buffer.concat([file, Buffer.from('appended, and no box')])), 'what is appended does no harm')
})
