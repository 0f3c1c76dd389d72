import { crc32 } from 'node:zlib'
import { claimSize, pngBomb, STRANGE_FILES, tiffBomb } from '../support/pictures/broken-pictures.ts'
import { pictureKinds } from '../support/pictures/picture-kinds.ts'
import { generator } from '../support/pictures/pictures.ts'

export interface Mutant {
  /** What was done to what, enough to understand a finding. */
  recipe: string
  file: Buffer
}

interface Dice {
  /** A whole number from 0 to `sides` - 1. */
  roll: (sides: number) => number
  pick: <Item>(items: readonly Item[]) => Item
  bytes: (length: number) => Buffer
}

type Operator = (file: Buffer, dice: Dice, other: Buffer) => Buffer

const join = (...parts: Buffer[]) => Buffer.concat(parts)
const NUMBERS = [
  0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff
] as const
const METADATA: readonly (readonly [marker: number, start: string])[] = [
  [0xe1, 'Exif\0\0'],
  [0xe1, 'Exif\0\0MM\0*\0\0\0\x08\0\x02'],
  [0xe1, 'http://ns.adobe.com/xap/1.0/\0'],
  [0xe2, 'ICC_PROFILE\0\x01\x01'],
  [0xe2, 'MPF\0II*\0\x08\0\0\0'],
  [0xed, 'Photoshop 3.0\x008BIM'],
  [0xee, 'Adobe\0\x64']
]
const SIDES = [0, 1, 2, 255, 8191, 16_383, 65_500, 65_535] as const

/** Rewrites the checksum of every PNG chunk, so that the damage reaches the code behind the check. */
function withPngChecksums(file: Buffer): Buffer {
  const fixed = Buffer.from(file)
  for (let at = 8; at + 12 <= fixed.length; ) {
    const end = at + 8 + fixed.readUInt32BE(at)
    if (end + 4 > fixed.length) break
    fixed.writeUInt32BE(crc32(fixed.subarray(at + 4, end)), end)
    at = end + 4
  }
  return fixed
}

function poke(file: Buffer, at: number, value: number, size: number, bigEndian: boolean): Buffer {
  const poked = Buffer.from(file)
  if (at + size > poked.length) return poked
  const bounded = value % 2 ** (8 * size)
  if (bigEndian) poked.writeUIntBE(bounded, at, size)
  else poked.writeUIntLE(bounded, at, size)
  return poked
}

/** A segment of a kind that carries metadata, put behind the start of a JPEG. */
function jpegSegment(marker: number, payload: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(payload.length + 2, 2)
  return join(head, payload)
}

const OPERATORS: Record<string, Operator> = {
  'bits flipped': (file, { roll }) => {
    const flipped = Buffer.from(file)
    for (let n = 1 + roll(8); n > 0; n--) {
      const at = roll(file.length)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << roll(8))
    }
    return flipped
  },
  'head flipped': (file, { roll }) => {
    const flipped = Buffer.from(file)
    for (let n = 1 + roll(4); n > 0; n--) flipped[roll(Math.min(512, file.length))] = roll(256)
    return flipped
  },
  'number poked': (file, { roll, pick }) =>
    poke(file, roll(file.length), pick(NUMBERS), pick([1, 2, 4]), roll(2) === 0),
  'head number poked': (file, { roll, pick }) =>
    poke(file, roll(Math.min(400, file.length)), pick(NUMBERS), pick([1, 2, 4]), roll(2) === 0),
  'pointer bent back': (file, { roll }) => poke(file, roll(file.length), roll(file.length), 4, roll(2) === 0),
  'noise written': (file, { roll, bytes }) => {
    const at = roll(file.length)
    return join(file.subarray(0, at), bytes(roll(64)), file.subarray(at + roll(64)))
  },
  'piece removed': (file, { roll }) => {
    const at = roll(file.length)
    return join(file.subarray(0, at), file.subarray(at + 1 + roll(400)))
  },
  'piece repeated': (file, { roll }) => {
    const at = roll(file.length)
    const end = at + 1 + roll(2000)
    const piece = file.subarray(at, end)
    return join(file.subarray(0, end), ...Array<Buffer>(1 + roll(40)).fill(piece), file.subarray(end))
  },
  'cut short': (file, { roll }) => file.subarray(0, roll(file.length)),
  'padded with zeros': (file, { roll }) => Buffer.from(file).fill(0, roll(file.length)),
  'spliced with another': (file, { roll }, other) =>
    join(file.subarray(0, roll(file.length)), other.subarray(roll(other.length))),
  'other appended': (file, _dice, other) => join(file, other),
  'other inside': (file, { roll }, other) => {
    const at = roll(file.length)
    return join(file.subarray(0, at), other, file.subarray(at))
  },
  'web page in front': (file) => join(Buffer.from('<html><body>'), file),
  'script behind': (file) => join(file, Buffer.from('<?php system($_GET[0]) ?><script>alert(1)</script>')),
  'size claimed': (file, { pick }) => (file.length < 64 ? file : claimSize(file, pick(SIDES), pick(SIDES))),
  'metadata of noise': (file, { pick, roll, bytes }) => {
    const [marker, name] = pick(METADATA)
    const segment = jpegSegment(marker, join(Buffer.from(name, 'latin1'), bytes(roll(3000))))
    return join(file.subarray(0, 2), segment, file.subarray(2))
  }
}

/** Whole files made to do harm, before any chance is added. */
const PLANNED: Record<string, () => Buffer> = {
  'PNG bomb': () => pngBomb(50_000),
  'PNG bomb within the limit': () => pngBomb(5000),
  'TIFF of one row': () => tiffBomb(49_000_000, 1),
  'TIFF of one column': () => tiffBomb(1, 65_000),
  'TIFF of 40 channels': () => tiffBomb(10, 10, 40),
  'TIFF whose directory is its own successor': () => {
    const loop = tiffBomb(10, 10)
    loop.writeUInt32LE(8, 10 + loop.readUInt16LE(8) * 12)
    return loop
  },
  ...Object.fromEntries(Object.entries(STRANGE_FILES).map(([name, file]) => [name, () => file]))
}

/** Yields broken and malicious files without end, the same for the same seed. The planned ones come first. */
export async function* mutants(seed: number): AsyncGenerator<Mutant, never> {
  for (const [recipe, make] of Object.entries(PLANNED)) yield { recipe, file: make() }
  const small = Object.entries(pictureKinds(160, 120))
  const large = Object.entries(pictureKinds(1700, 1300)).filter((_, index) => index % 6 === 0)
  const sources = await Promise.all(
    [...small, ...large].map(async ([name, make]) => ({ name, file: await make() }))
  )
  const operators = Object.entries(OPERATORS)
  const random = generator(seed)
  const roll = (sides: number) => Math.floor(random() * sides)
  const one = <Item>(items: readonly Item[]): Item => {
    const item = items[roll(items.length)]
    if (item === undefined) throw new Error('Nothing to choose from')
    return item
  }
  const dice: Dice = {
    roll,
    pick: one,
    bytes: (length) => Buffer.from(Array.from({ length }, () => roll(256)))
  }
  while (true) {
    const source = one(sources)
    const steps = Array.from({ length: 1 + roll(3) }, () => one(operators))
    let mutated: Buffer = source.file
    for (const [, mutate] of steps) if (mutated.length > 0) mutated = mutate(mutated, dice, one(sources).file)
    const file = source.name.startsWith('PNG') && roll(2) ? withPngChecksums(mutated) : mutated
    yield { recipe: `${source.name}: ${steps.map(([name]) => name).join(', ')}`, file }
  }
}
