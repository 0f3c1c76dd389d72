import t from 'tap'
import { firstPage } from '../../../lib/image/tiff.ts'
import { pagedTiff } from '../../support/pictures/attacks.ts'
import { tiffBomb } from '../../support/pictures/broken-pictures.ts'

/** Sets the count and the value of a tag in a file of `tiffBomb`. */
function withTag(tag: number, count: number, value: number): Buffer {
  const tiff = tiffBomb(10, 10)
  for (let at = 10; at < 10 + 9 * 12; at += 12) {
    if (tiff.readUInt16LE(at) !== tag) continue
    tiff.writeUInt32LE(count, at + 4)
    tiff.writeUInt32LE(value, at + 8)
  }
  return tiff
}

t.test('All pages but the first are cut off', async (t) => {
  const one = tiffBomb(10, 10)
  t.equal(firstPage(one), one, 'the same buffer')
  const alone = firstPage(pagedTiff(60_000))
  t.equal(alone.readUInt32LE(16 + 2 + 9 * 12), 0)
})

t.test('A compression that cannot be read is named', async (t) => {
  for (const [method, name] of [
    [50_000, 'ZSTD'],
    [34_925, 'LZMA'],
    [9, 'method 9']
  ] as const) {
    t.throws(() => firstPage(withTag(259, 1, method)), {
      code: 'unsupported_format',
      message: `A TIFF compressed with ${name} is not supported`
    })
  }
})

t.test('A directory inside the header is refused: cutting pages off would move it', async (t) => {
  const tiff = pagedTiff(3)
  for (const start of [0, 4, 7]) {
    tiff.writeUInt32LE(start, 4)
    t.throws(() => firstPage(tiff), { code: 'unsupported_format', message: /^A TIFF whose directory/ })
  }
})

t.test('Strips and tiles are bounded', async (t) => {
  t.throws(() => firstPage(withTag(273, 70_001, 8)), {
    code: 'unsupported_format',
    message: /strips or tiles/
  })
  t.doesNotThrow(() => firstPage(withTag(273, 70_000, 8)))
})

t.test('What is broken is left for the decoder to refuse', async (t) => {
  const tiff = tiffBomb(10, 10)
  for (let length = 0; length < tiff.length; length++) t.ok(firstPage(tiff.subarray(0, length)))
  const paged = pagedTiff(2)
  for (let length = 0; length < paged.length; length++) t.ok(firstPage(paged.subarray(0, length)))
  for (const start of ['4d4d002b0008000000000000', '49492b0008000000ffffffffffffffff', '49492a00ffffffff'])
    t.ok(firstPage(Buffer.from(start, 'hex')))
})
