import sharp from 'sharp'

/** Something to be written into an AVIF: numbers are single bytes. */
type Part = Buffer | string | number[]

export interface AvifItem {
  type: string
  data: Buffer
  /** Whole boxes. */
  properties: Buffer[]
  /** What it is derived from, counted from 1. */
  sources?: number[]
  /** The item that it is the alpha of. */
  alphaOf?: number
}

export const u16 = (value: number) => [(value >> 8) & 0xff, value & 0xff]
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)]

export function box(type: string, ...parts: Part[]): Buffer {
  const content = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)))
  )
  return Buffer.concat([Buffer.from(u32(content.length + 8)), Buffer.from(type), content])
}

const fullBox = (type: string, version: number, ...parts: Part[]) => box(type, [version, 0, 0, 0], ...parts)

export const size = (width: number, height: number) => fullBox('ispe', 0, u32(width), u32(height))
export const rotation = () => box('irot', [1])

/** Returns an AVIF of these items, which no encoder offers to choose; `primary` counts from 1. */
export function avif(items: AvifItem[], primary = 1): Buffer {
  const ids = items.map((_, at) => at + 1)
  const properties = [...new Set(items.flatMap((item) => item.properties))]
  const infes = items.map(({ type }, at) => fullBox('infe', 2, u16(at + 1), u16(0), type, [0]))
  const associations = items.flatMap((item, at) => [
    ...u16(at + 1),
    item.properties.length,
    ...item.properties.map((property) => properties.indexOf(property) + 1)
  ])
  const references = items.flatMap(({ sources, alphaOf }, at) => [
    ...(sources ? [box('dimg', u16(at + 1), u16(sources.length), sources.flatMap(u16))] : []),
    ...(alphaOf ? [box('auxl', u16(at + 1), u16(1), u16(alphaOf))] : [])
  ])
  let offset = 0
  const places = items.flatMap(({ data }, at) => {
    const place = [...u16(at + 1), ...u16(1), ...u16(0), ...u16(1), ...u32(offset), ...u32(data.length)]
    offset += data.length
    return place
  })
  return Buffer.concat([
    box('ftyp', 'avif', u32(0), 'avifmif1miaf'),
    fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, u32(0), 'pict', u32(0), u32(0), u32(0), [0]),
      fullBox('pitm', 0, u16(primary)),
      fullBox('iloc', 1, [0x44, 0], u16(ids.length), places),
      fullBox('iinf', 0, u16(ids.length), ...infes),
      box('iprp', box('ipco', ...properties), fullBox('ipma', 0, u32(ids.length), associations)),
      ...(references.length > 0 ? [fullBox('iref', 0, ...references)] : []),
      box('idat', ...items.map(({ data }) => data))
    )
  ])
}

/** A flat square coded as AV1: its data, and the property without which it cannot be decoded. */
export async function flatAv1(side: number): Promise<{ data: Buffer; codec: Buffer }> {
  const flat = sharp({ create: { width: side, height: side, channels: 3, background: '#357' } })
  const file = await flat.avif({ effort: 0, quality: 30 }).toBuffer()
  const at = file.indexOf('av1C') - 4
  return {
    data: file.subarray(file.lastIndexOf('mdat') + 4),
    codec: file.subarray(at, at + file.readUInt32BE(at))
  }
}
