import sharp from 'sharp'
import t from 'tap'
import { countScans } from '../../../lib/image/jpeg-scans.ts'
import { photo } from '../../support/pictures/pictures.ts'
import { everyBitAlone, scannedJpeg } from '../../support/pictures/scans.ts'

const MOST = 100
const each = [1, 2, 3]

t.test('A JPEG whose first scan holds everything is one scan', async (t) => {
  t.equal(countScans(await photo({ width: 64, height: 64 }), MOST), 1)
  const together = { components: each, spectrum: [0, 63] as [number, number] }
  const jpeg = scannedJpeg({ side: 64, components: 3, isProgressive: false, scans: [together] })
  t.equal(countScans(jpeg, MOST), 1)
  t.equal(
    countScans(
      await sharp(jpeg)
        .withExif({ IFD0: { Copyright: 'ÿÚÿÚÿÚ' } })
        .jpeg()
        .toBuffer(),
      MOST
    ),
    1
  )
})

t.test(
  'Components that come one after the other are a scan each, in a JPEG that is not progressive, too',
  async (t) => {
    const scans = each.map((id) => ({ components: [id], spectrum: [0, 63] as [number, number] }))
    const jpeg = scannedJpeg({ side: 64, components: 3, isProgressive: false, scans })
    t.equal(countScans(jpeg, MOST), 3)
    t.match(await sharp(jpeg, { failOn: 'warning' }).stats(), { channels: { length: 3 } }, 'it is a picture')
  }
)

t.test('The scans of a progressive JPEG are counted, no further than it takes', async (t) => {
  const source = sharp(await photo({ width: 64, height: 64 }))
  t.equal(countScans(await source.jpeg({ progressive: true }).toBuffer(), MOST), 10)
  const many = scannedJpeg({ side: 64, components: 1, isProgressive: true, scans: everyBitAlone(1) })
  t.match(await sharp(many, { failOn: 'warning' }).stats(), { channels: { length: 1 } }, 'it is a picture')
  t.equal(countScans(many, 1000), 883)
  t.equal(countScans(many, MOST), MOST + 1)
})

t.test('What ends in the middle of a segment has the scans that it has', async (t) => {
  const jpeg = scannedJpeg({ side: 64, components: 1, isProgressive: true, scans: everyBitAlone(1) })
  const lengths = Array.from({ length: 400 }, (_, length) => length)
  const counts = lengths.map((length) => countScans(jpeg.subarray(0, length), MOST))
  t.strictSame(
    counts,
    counts.toSorted((a, b) => a - b)
  )
  t.equal(countScans(Buffer.alloc(64, 0xff), MOST), 0)
})
