import assert from 'node:assert/strict'
import { withClearCanvas } from '../../../lib/image/gif.ts'

export const dictionary = [
  '!\xf9\x04',
  '!\xfe',
  '!\xff\x0bNETSCAPE2.0',
  ',\0\0\0\0',
  ';',
  '\0',
  '\x80',
  '\x08\0\x08\0'
]

/** The canvas is cleared once, in a file of the same kind. */
export function fuzz(input: Buffer): void {
  const gif = Buffer.concat([Buffer.from('GIF89a'), input])
  const cleared = withClearCanvas(gif)
  assert.equal(cleared.toString('latin1', 0, 4), 'GIF8')
  assert.ok(withClearCanvas(cleared).equals(cleared))
}
