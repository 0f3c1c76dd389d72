const HEADER_BYTES = 13
const [EXTENSION, FRAME, TRAILER] = [0x21, 0x2c, 0x3b]

/**
 * A frame of one transparent pixel: a control block that names the transparent colour, the frame's position
 * with two colours, its data.
 */
const TRANSPARENT_FRAME = Buffer.from(
  ['21f9040100000000', '2c000000000100010080000000000000', '0202440100'].join(''),
  'hex'
)

/**
 * Returns a GIF whose uncovered canvas is transparent. If no frame is transparent, libvips reads the GIF
 * without alpha and fills the uncovered canvas with black. So if the first frame does not cover the canvas,
 * the GIF is cut after it and a transparent frame is appended. Other GIFs are returned unchanged.
 */
export function withClearCanvas(gif: Buffer): Buffer {
  const first = firstFrame(gif)
  if (!first || first.coversCanvas) return gif
  return Buffer.concat([gif.subarray(0, first.end), TRANSPARENT_FRAME, Buffer.from([TRAILER])])
}

/** Returns where the first frame ends, or undefined if the blocks do not lead to an end. */
function firstFrame(gif: Buffer): { end: number; coversCanvas: boolean } | undefined {
  if (gif.length < HEADER_BYTES) return undefined
  let at = HEADER_BYTES + colourTableBytes(gif[10])
  while (gif[at] === EXTENSION) at = endOfSubBlocks(gif, at + 2)
  if (gif[at] !== FRAME || at + 10 > gif.length) return undefined
  const [left, top, width, height] = [1, 3, 5, 7].map((field) => gif.readUInt16LE(at + field))
  const coversCanvas =
    left === 0 && top === 0 && width === gif.readUInt16LE(6) && height === gif.readUInt16LE(8)
  const end = endOfSubBlocks(gif, at + 11 + colourTableBytes(gif[at + 9]))
  return end <= gif.length ? { end, coversCanvas } : undefined
}

/** `flags`: of a header or a frame, which the table follows. */
const colourTableBytes = (flags = 0) => (flags & 0x80 ? 3 << ((flags & 0x07) + 1) : 0)

function endOfSubBlocks(gif: Buffer, start: number): number {
  let at = start
  for (let length = gif[at]; length; length = gif[at]) at += length + 1
  return at + 1
}
