import sharp from 'sharp'
import t from 'tap'
import { countScans, tidied } from '../../../lib/image/jpeg.ts'
import { hiddenScans, withStrayBytes } from '../../support/pictures/attacks.ts'
import { photo } from '../../support/pictures/pictures.ts'
import { everyBitAlone, scannedJpeg } from '../../support/pictures/scans.ts'

const MAX = 100
const each = [1, 2, 3]

t.test('A JPEG whose first scan holds everything is one scan', async (t) => {
  t.equal(countScans(await photo({ width: 64, height: 64 }), MAX), 1)
  const together = { components: each, spectrum: [0, 63] as [number, number] }
  const jpeg = scannedJpeg({ side: 64, components: 3, isProgressive: false, scans: [together] })
  t.equal(countScans(jpeg, MAX), 1)
  t.equal(
    countScans(
      await sharp(jpeg)
        .withExif({ IFD0: { Copyright: 'ÿÚÿÚÿÚ' } })
        .jpeg()
        .toBuffer(),
      MAX
    ),
    1
  )
})

t.test(
  'Components that come one after the other are a scan each, in a JPEG that is not progressive, too',
  async (t) => {
    const scans = each.map((id) => ({ components: [id], spectrum: [0, 63] as [number, number] }))
    const jpeg = scannedJpeg({ side: 64, components: 3, isProgressive: false, scans })
    t.equal(countScans(jpeg, MAX), 3)
    t.match(await sharp(jpeg, { failOn: 'warning' }).stats(), { channels: { length: 3 } }, 'it is a picture')
  }
)

t.test('The scans of a progressive JPEG are counted, no further than it takes', async (t) => {
  const source = sharp(await photo({ width: 64, height: 64 }))
  t.equal(countScans(await source.jpeg({ progressive: true }).toBuffer(), MAX), 10)
  const many = scannedJpeg({ side: 64, components: 1, isProgressive: true, scans: everyBitAlone(1) })
  t.match(await sharp(many, { failOn: 'warning' }).stats(), { channels: { length: 1 } }, 'it is a picture')
  t.equal(countScans(many, 1000), 883)
  t.equal(countScans(many, MAX), MAX + 1)
})

t.test('What ends in the middle of a segment has the scans that it has', async (t) => {
  const jpeg = scannedJpeg({ side: 64, components: 1, isProgressive: true, scans: everyBitAlone(1) })
  const lengths = Array.from({ length: 400 }, (_, length) => length)
  const counts = lengths.map((length) => countScans(jpeg.subarray(0, length), MAX))
  t.strictSame(
    counts,
    counts.toSorted((a, b) => a - b)
  )
  t.equal(countScans(Buffer.alloc(64, 0xff), MAX), 0)
})

t.test('Scans that hide behind reserved markers or in other segments are counted', async (t) => {
  t.equal(countScans(hiddenScans(1200), 1000), 883)
  const many = scannedJpeg({ side: 64, components: 1, isProgressive: true, scans: everyBitAlone(1) })
  const [first, second] = [
    many.indexOf('ffda', 0, 'hex'),
    many.indexOf('ffda', many.indexOf('ffda', 0, 'hex') + 2, 'hex')
  ]
  t.ok(first < second)
  const comment = Buffer.from('fffe0006', 'hex')
  const swallowed = Buffer.concat([
    many.subarray(0, second),
    comment,
    Buffer.from('ffd9ffda', 'hex'),
    many.subarray(second)
  ])
  t.equal(countScans(swallowed, 1000), 884, 'an end within a comment is none, a scan within it counts')
})

t.test('What follows the end of the image is no scan of it', async (t) => {
  const progressive = await sharp(await photo({ width: 64, height: 64 }))
    .jpeg({ progressive: true })
    .toBuffer()
  t.equal(countScans(Buffer.concat([progressive, progressive, progressive]), MAX), 10)
})

t.test('A JPEG is tidied of what every browser forgives, and of nothing else', async (t) => {
  const jpeg = await photo({ width: 64, height: 64 })
  t.equal(tidied(jpeg), jpeg, 'the same buffer')
  t.same(tidied(withStrayBytes(jpeg)).indexOf(Buffer.from('010203', 'hex')), -1)
  t.same(tidied(jpeg.subarray(0, -2)), jpeg)
  t.same(tidied(Buffer.concat([jpeg, Buffer.from('trailer')])), Buffer.concat([jpeg, Buffer.from('trailer')]))
  const spectral = jpeg.indexOf('ffda000c03', 0, 'hex') + 11
  const sloppy = Buffer.from(jpeg)
  sloppy[spectral + 1] = 0
  t.same(tidied(sloppy), jpeg, 'the parameters of a baseline scan')
  const reserved = Buffer.concat([
    jpeg.subarray(0, 2),
    Buffer.from('fffe00044f4bff05', 'hex'),
    jpeg.subarray(2)
  ])
  t.equal(tidied(reserved), reserved, 'a reserved marker stays for libjpeg to refuse')
  for (let length = 0; length < 700; length++) tidied(jpeg.subarray(0, length))
})
