const [START_OF_SCAN, END_OF_IMAGE] = [0xda, 0xd9]
const SOS = Buffer.from([0xff, START_OF_SCAN])
const EOI = Buffer.from([0xff, END_OF_IMAGE])

interface Segment {
  marker: number
  /** The 0xff of its marker. `end` is behind the last byte that its length covers. */
  start: number
  end: number
}

/**
 * Returns the number of scans in a JPEG, at most `max` + 1; 1 if the first scan holds every component. With
 * more than one, libjpeg keeps all coefficients in memory and processes all of them for each scan. Each `ff
 * da` from the first scan to the end of the image counts, even inside another segment.
 */
export function countScans(jpeg: Buffer, max: number): number {
  const { frame, scan } = header(jpeg)
  if (!scan) return 0
  const components = frame && jpeg[frame.start + 9]
  if (frame && !isProgressive(frame) && jpeg[scan.start + 4] === components) return 1
  const end = endOfImage(jpeg, scan)
  let scans = 0
  for (let at = scan.start; at >= 0 && at < end && scans <= max; at = jpeg.indexOf(SOS, at + 2)) scans++
  return scans
}

/**
 * Returns the JPEG without faults that browsers tolerate but libjpeg warns of: stray bytes between header
 * segments, a baseline scan with progressive parameters, a missing end marker. Any remaining warning then
 * means damage. Returns the same buffer if there is nothing to repair.
 */
export function tidied(jpeg: Buffer): Buffer {
  const { frame, scan, strays } = header(jpeg)
  if (!frame || !scan) return jpeg
  const pieces: Buffer[] = []
  let at = 0
  for (const [start, end] of strays) {
    pieces.push(jpeg.subarray(at, start))
    at = end
  }
  if (!isProgressive(frame) && !isBaselineScan(jpeg, scan)) {
    pieces.push(jpeg.subarray(at, scan.end - 3), BASELINE)
    at = scan.end
  }
  // From behind, where it usually is: from the front it took 0.1 ms of 27 for six megapixels.
  const isUnfinished = jpeg.lastIndexOf(EOI) < scan.end
  if (at === 0 && !isUnfinished) return jpeg
  return Buffer.concat([...pieces, jpeg.subarray(at), ...(isUnfinished ? [EOI] : [])])
}

/** Segments before which cameras and phones leave stray bytes. */
const MAY_FOLLOW_STRAYS = (marker: number) =>
  (marker >= 0xc0 && marker <= 0xc3) || [0xdb, 0xdd, 0xfe].includes(marker) || (marker & 0xf0) === 0xe0

interface Header {
  frame?: Segment
  /** The first one. */
  scan?: Segment
  /** Harmless stray bytes. */
  strays: [start: number, end: number][]
}

function header(jpeg: Buffer): Header {
  const found: Header = { strays: [] }
  let expected = 2
  for (const segment of segments(jpeg, expected)) {
    const { marker, start, end } = segment
    if (start > expected && MAY_FOLLOW_STRAYS(marker) && !hasReserved(jpeg, expected, start))
      found.strays.push([expected, start])
    if (isFrame(marker)) found.frame = segment
    if (marker === START_OF_SCAN) return { ...found, scan: segment }
    expected = end
  }
  return found
}

/** libjpeg stops decoding at a reserved marker outside of a scan. */
function hasReserved(jpeg: Buffer, start: number, end: number): boolean {
  for (let at = jpeg.indexOf(0xff, start); at >= 0 && at + 1 < end; at = jpeg.indexOf(0xff, at + 1)) {
    const marker = jpeg[at + 1] ?? 0
    if (marker > 0x01 && marker < 0xc0) return true
  }
  return false
}

function endOfImage(jpeg: Buffer, scan: Segment): number {
  for (const { marker, start } of segments(jpeg, scan.end)) if (marker === END_OF_IMAGE) return start
  return jpeg.length
}

/**
 * Yields every segment from `from` to the end of the image, as libjpeg finds them. In scans and between
 * segments, libjpeg skips bytes that are not a segment's marker. Markers below 0xc0 have no length.
 */
function* segments(jpeg: Buffer, from: number): Generator<Segment> {
  for (let start = jpeg.indexOf(0xff, from); start >= 0 && start + 2 <= jpeg.length; ) {
    const marker = jpeg[start + 1] ?? END_OF_IMAGE
    if (marker === END_OF_IMAGE) return yield { marker, start, end: start + 2 }
    if (isAlone(marker)) {
      start = jpeg.indexOf(0xff, marker === 0xff ? start + 1 : start + 2)
      continue
    }
    if (start + 4 > jpeg.length) return
    const end = start + 2 + jpeg.readUInt16BE(start + 2)
    yield { marker, start, end }
    start = jpeg.indexOf(0xff, end)
  }
}

/** No marker, or one without a length: fill byte, escaped 0xff, reserved, restart, start of image. */
const isAlone = (marker: number) => marker === 0xff || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8)

const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

const isProgressive = ({ marker }: Segment) => (marker & 0x03) === 0x02

/** Spectral selection 0 to 63, and successive approximation 0: a baseline scan's parameters. */
const BASELINE = Buffer.from([0, 63, 0])

const isBaselineScan = (jpeg: Buffer, { end }: Segment) => jpeg.subarray(end - 3, end).equals(BASELINE)
