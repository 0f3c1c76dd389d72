import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFolder } from '../servers/guard.ts'

/** Adobe RGB (1998): primaries as XYZ under D50, and its gamma of 563/256. */
const PRIMARIES = {
  rXYZ: [0.60974, 0.31111, 0.01947],
  gXYZ: [0.20528, 0.62567, 0.06087],
  bXYZ: [0.14919, 0.06322, 0.74457]
}
const D50 = [0.9642, 1, 0.8249]
const GAMMA = 0x0233

const HEADER = 128

/** Returns the path of an ICC profile of Adobe RGB, which sharp does not have. */
export function adobeRgbProfile(): string {
  const path = join(createFolder('profile'), 'adobe-rgb.icc')
  writeFileSync(path, profile())
  return path
}

/** An ICC profile, version 2: a header, a table of tags, and their values. */
function profile(): Buffer {
  const gamma = value('curv', Buffer.from([0, 0, 0, 1, GAMMA >> 8, GAMMA & 255, 0, 0]))
  const tags: [string, Buffer][] = [
    ['desc', value('desc', Buffer.concat([uint32(10), Buffer.from('Adobe RGB\0'), Buffer.alloc(80)]))],
    ['wtpt', xyz(D50)],
    ...Object.entries(PRIMARIES).map(([name, of]): [string, Buffer] => [name, xyz(of)]),
    ...['rTRC', 'gTRC', 'bTRC'].map((name): [string, Buffer] => [name, gamma])
  ]
  let at = HEADER + 4 + 12 * tags.length
  const table = tags.map(([name, { length }]) => {
    const row = Buffer.concat([Buffer.from(name), uint32(at), uint32(length)])
    at += length
    return row
  })
  const header = Buffer.alloc(HEADER)
  header.writeUInt32BE(at, 0)
  header.writeUInt32BE(0x02100000, 8)
  header.write('mntrRGB XYZ ', 12)
  header.write('acsp', 36)
  D50.forEach((number, i) => void fixed(number).copy(header, 68 + 4 * i))
  return Buffer.concat([header, uint32(tags.length), ...table, ...tags.map(([, bytes]) => bytes)])
}

/** Of whole words, as each tag begins at one. */
function value(type: string, content: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.from(type), Buffer.alloc(4), content])
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}

const xyz = (numbers: number[]) => value('XYZ ', Buffer.concat(numbers.map(fixed)))

function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}

const fixed = (number: number) => uint32(Math.round(number * 65_536))
