const [START_OF_SCAN, END] = [0xda, 0xd9]

/**
 * In how many scans a JPEG is drawn, `most` and one at most; 1 where the first one holds every component and is the whole
 * picture. With more, libjpeg keeps all coefficients in memory, and goes through all of them once a scan.
 */
export function countScans(jpeg: Buffer, most: number): number {
  let components = 0
  let scans = 0
  for (const { marker, at } of segments(jpeg)) {
    if (isFrame(marker)) components = isProgressive(marker) ? Number.NaN : (jpeg[at + 9] ?? 0)
    if (marker !== START_OF_SCAN) continue
    scans++
    if (scans > most || (scans === 1 && jpeg[at + 4] === components)) return scans
  }
  return scans
}

/** Every segment, and as libjpeg does it takes no offence at bytes between them: those of the picture itself, for one. */
function* segments(jpeg: Buffer): Generator<{ marker: number; at: number }> {
  for (let at = jpeg.indexOf(0xff, 2); at >= 0 && at + 4 <= jpeg.length; ) {
    const marker = jpeg[at + 1] ?? END
    if (marker === END) return
    if (!isAlone(marker)) yield { marker, at }
    at = jpeg.indexOf(
      0xff,
      marker === 0xff ? at + 1 : at + 2 + (isAlone(marker) ? 0 : jpeg.readUInt16BE(at + 2))
    )
  }
}

/** No marker, or one without a length: a fill byte, an escaped 0xff, a restart. */
const isAlone = (marker: number) => marker === 0xff || marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)

const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

const isProgressive = (marker: number) => (marker & 0x03) === 0x02
