import { constants, crc32, deflateRawSync, deflateSync } from 'node:zlib'

/** A PNG chunk: length, type, data, checksum. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(data.length)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return chunk
}

/** A valid PNG of `side` by `side` black pixels of one bit: 50,000 a side are 300 MB of rows in 300 kB. */
export function pngBomb(side: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side)
  header.writeUInt32BE(side, 4)
  header[8] = 1
  const size = side * (1 + Math.ceil(side / 8))
  const piece = Buffer.alloc(1 << 20)
  const packed = deflateRawSync(piece, { finishFlush: constants.Z_FULL_FLUSH })
  const rest = deflateRawSync(Buffer.alloc(size % piece.length))
  const adler = Buffer.alloc(4) // of n zeros: a stays 1, b is n
  adler.writeUInt16BE(size % 65_521)
  adler.writeUInt16BE(1, 2)
  const zlib = [
    Buffer.from('789c', 'hex'),
    ...Array(Math.floor(size / piece.length)).fill(packed),
    rest,
    adler
  ]
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', Buffer.concat(zlib)),
    pngChunk('IEND', Buffer.alloc(0))
  ])
}

/** A little-endian TIFF with one deflated strip of black, 8-bit RGB or more channels. */
export function tiffBomb(width: number, height: number, channels = 3): Buffer {
  const strip = deflateSync(Buffer.alloc(width * height * channels))
  const tags = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 8],
    [259, 3, 8],
    [262, 3, 2],
    [273, 4, 0],
    [277, 3, channels],
    [278, 4, height],
    [279, 4, strip.length]
  ] as const
  const header = Buffer.alloc(10 + tags.length * 12 + 4)
  header.write('II*\0\x08\0\0\0', 'latin1')
  header.writeUInt16LE(tags.length, 8)
  for (const [index, [tag, type, value]] of tags.entries()) {
    const at = 10 + index * 12
    header.writeUInt16LE(tag, at)
    header.writeUInt16LE(type, at + 2)
    header.writeUInt32LE(1, at + 4)
    header.writeUInt32LE(tag === 273 ? header.length : value, at + 8)
  }
  return Buffer.concat([header, strip])
}

/** Patches the size that a file's header claims, of a file written by libvips. */
export function claimSize(file: Buffer, width: number, height: number): Buffer {
  const lie = Buffer.from(file)
  const after = (mark: string, encoding: BufferEncoding = 'latin1') =>
    lie.indexOf(mark, 0, encoding) + mark.length
  if (file[0] === 0xff) {
    const frame = Math.max(lie.indexOf('ffc00011', 0, 'hex'), lie.indexOf('ffc20011', 0, 'hex'))
    lie.writeUInt16BE(height, frame + 5)
    lie.writeUInt16BE(width, frame + 7)
  } else if (file[0] === 0x89) {
    lie.writeUInt32BE(width, 16)
    lie.writeUInt32BE(height, 20)
    lie.writeUInt32BE(crc32(lie.subarray(12, 29)), 29)
  } else if (file[0] === 0x47) {
    const frame = lie.indexOf('2c00000000', 0, 'hex')
    lie.writeUInt16LE(width, frame + 5)
    lie.writeUInt16LE(height, frame + 7)
  } else if (file[0] === 0x52) {
    lie.writeUInt16LE(width, after('VP8 ') + 10)
    lie.writeUInt16LE(height, after('VP8 ') + 12)
  } else {
    lie.writeUInt32BE(width, after('ispe') + 4)
    lie.writeUInt32BE(height, after('ispe') + 8)
  }
  return lie
}

/** Files that are no supported image, by what they are. */
export const STRANGE_FILES: Record<string, Buffer> = {
  'An empty file': Buffer.alloc(0),
  'A web page': Buffer.from('\n<!DOCTYPE html><html><body><img src="a.jpg"></body></html>'),
  SVG: Buffer.from(
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
  ),
  HEIC: Buffer.from('000000186674797068656963000000006d69663168656963000000086d646174', 'hex'),
  'JPEG XL': Buffer.from('0000000c4a584c200d0a870a', 'hex'),
  PDF: Buffer.from('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n'),
  BMP: Buffer.from('424d3a000000000000003600000028000000010000000100000001001800', 'hex')
}
