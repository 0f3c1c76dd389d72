import assert from 'node:assert/strict'
import { withRightSum } from '../../../lib/image/png.ts'

const START = Buffer.from('89504e470d0a1a0a', 'hex')

export const dictionary = [
  'IHDR',
  'IDAT',
  'IEND',
  'PLTE',
  '\0\0\0\r',
  '\0\0\0\0',
  '\0\0\0\0IEND\xaeB`\x82',
  'x\x9c'
]

/** A repaired PNG needs no second repair. */
export async function fuzz(input: Buffer): Promise<void> {
  const repaired = await withRightSum(Buffer.concat([START, input]))
  if (repaired) assert.ok((await withRightSum(repaired))?.equals(repaired))
}
