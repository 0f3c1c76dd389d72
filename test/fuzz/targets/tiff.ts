import assert from 'node:assert/strict'
import { ImageError } from '../../../lib/image/error.ts'
import { firstPage } from '../../../lib/image/tiff.ts'

export const dictionary = [
  ...['II*\0', 'MM\0*', 'II+\0', 'MM\0+', '\x08\0\0\0', '\0\0\0\x08', '\x08\0\0\0\x10\0\0\0\0\0\0\0'],
  ...['\x03\x01\x03\0\x01\0\0\0', '\x11\x01\x04\0\x01\0\0\0', '\x01\x03\0\x03\0\0\0\x01']
]

/** One page is left, in a file of the same size, or the file is refused with its reason. */
export function fuzz(tiff: Buffer): void {
  try {
    const alone = firstPage(tiff)
    assert.equal(alone.length, tiff.length)
    assert.ok(firstPage(alone).equals(alone))
  } catch (error) {
    if (!(error instanceof ImageError && error.code === 'unsupported_format')) throw error
  }
}
