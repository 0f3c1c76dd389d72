import assert from 'node:assert/strict'
import { countScans, tidied } from '../../../lib/image/jpeg.ts'

const MAX_SCANS = 100
const START = Buffer.from([0xff, 0xd8, 0xff])

/** Markers, and the start of a frame and of a scan. */
export const dictionary = [
  ...[
    'ffda',
    'ffd9',
    'ffd8',
    'ffc0',
    'ffc2',
    'ffc4',
    'ffdb',
    'ffdd',
    'ffe0',
    'fffe',
    'ffd0',
    'ff01',
    'ff05',
    'ffff'
  ],
  ...[
    'ffc0000b080008000801011100',
    'ffc20011080008000803011100021100031100',
    'ffda0008010100003f00',
    'ff00',
    '0002'
  ]
].map((hex) => Buffer.from(hex, 'hex'))

/** No scan escapes the count, and the repair adds no more than it is for. */
export function fuzz(input: Buffer): void {
  const jpeg = Buffer.concat([START, input])
  const scans = countScans(jpeg, MAX_SCANS)
  assert.ok(Number.isInteger(scans) && scans >= 0 && scans <= MAX_SCANS + 1)
  if (scans > 1) assert.ok(countScans(Buffer.concat([jpeg, SCAN]), MAX_SCANS) >= scans)
  const repaired = tidied(jpeg)
  assert.ok(repaired.length <= jpeg.length + ADDED)
}

/** The parameters of a scan that ends too early, and an end of the image. */
const ADDED = 5
const SCAN = Buffer.from('ffda0008010100003f00', 'hex')
