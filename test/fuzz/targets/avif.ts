import assert from 'node:assert/strict'
import { checkAvif } from '../../../lib/image/avif.ts'
import { BrokenBoxes } from '../../../lib/image/boxes.ts'
import { ImageError } from '../../../lib/image/error.ts'

const START = Buffer.from('0000001466747970617669660000000061766966', 'hex')

export const dictionary = [
  ...[
    'meta',
    'hdlr',
    'pitm',
    'iinf',
    'infe',
    'iprp',
    'ipco',
    'ipma',
    'iref',
    'iloc',
    'idat',
    'mdat',
    'ispe',
    'dimg'
  ],
  ...['av01', 'grid', 'iovl', 'iden', 'tmap', 'irot', 'imir', 'clap', 'av1C', 'thmb', 'auxl'],
  ...['\0\0\0\x0c', '\0\0\0\x14', '\0\0\0\0', '\0\0\0\x01', '\0\x01', '\0\x02', '\x12\0\x0a', '\x32']
]

/** A file is checked to the end or refused with its reason. */
export function fuzz(input: Buffer): void {
  try {
    const pixels = checkAvif(Buffer.concat([START, input]))
    assert.ok(Number.isInteger(pixels) && pixels >= 0)
  } catch (error) {
    if (error instanceof BrokenBoxes) return
    if (!(error instanceof ImageError && error.code === 'unsupported_format')) throw error
  }
}
