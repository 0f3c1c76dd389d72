import { type Box, BrokenBoxes, Reader } from './boxes.ts'
import { unsupported } from './format.ts'

/** An image or other data of an AVIF. */
export interface Item {
  type: string
  /** The names of its properties, with repetitions. */
  properties: string[]
  /** The size that it declares; 0 if it declares none. */
  width: number
  height: number
  /** The items that it is derived from. */
  sources: number[]
  /** Its bytes, one buffer for each extent. */
  extents: Buffer[]
}

/** The items of an AVIF by their ids, and the id of the one that is decoded. */
export interface Items {
  primary: number
  all: Map<number, Item>
}

/** Real files have fewer than 200 items, such as 60 tiles of a photograph and 60 of its depth map. */
const MAX_ITEMS = 1000
const MAX_EXTENTS = 100
const MAX_PROPERTIES = 10_000
const MAX_SOURCES = 10_000

/**
 * Returns the items of an AVIF. Throws `unsupported_format` for more of anything than a real file has, and
 * BrokenBoxes.
 */
export function readItems(avif: Buffer): Items {
  // Anything may be appended to a file, so broken boxes at its end do not matter.
  const metas = [...new Reader(avif).wholeBoxes()]
    .filter(({ type }) => type === 'meta')
    .map(({ content }) => content)
  const [meta] = metas
  if (!meta) throw new BrokenBoxes('The items are not described')
  if (metas.length > 1) throw unsupported('An AVIF that describes its items twice')
  meta.versionAndFlags()
  const parts = Map.groupBy(meta.boxes(), ({ type }) => type)
  const part = (type: string) => parts.get(type)?.map(({ content }) => content) ?? []
  const all = new Map<number, Item>()
  for (const content of part('iinf')) readTypes(content, all)
  for (const content of part('iprp')) readProperties(content, all)
  for (const content of part('iref')) readSources(content, all)
  for (const content of part('iloc'))
    readExtents(content, all, avif, part('idat')[0]?.bytes ?? Buffer.alloc(0))
  return { primary: readPrimary(part('pitm')), all }
}

function readPrimary(boxes: Reader[]): number {
  const [box] = boxes
  if (!box) throw unsupported('An AVIF without a primary image')
  return box.number(box.versionAndFlags().version === 0 ? 2 : 4)
}

function readTypes(iinf: Reader, all: Map<number, Item>): void {
  bounded(iinf.number(iinf.versionAndFlags().version === 0 ? 2 : 4), MAX_ITEMS, 'items')
  for (const { type, content } of iinf.boxes()) {
    if (type !== 'infe') continue
    const { version } = content.versionAndFlags()
    if (version < 2) continue
    const id = content.number(version === 2 ? 2 : 4)
    content.number(2)
    if (all.has(id)) throw unsupported('An AVIF with two items of one number')
    all.set(id, { type: content.text(4), properties: [], width: 0, height: 0, sources: [], extents: [] })
  }
  bounded(all.size, MAX_ITEMS, 'items')
}

function readProperties(iprp: Reader, all: Map<number, Item>): void {
  const [containers, associations] = [[] as Box[], [] as Reader[]]
  for (const { type, content } of iprp.boxes()) {
    if (type === 'ipco') containers.push(...content.boxes())
    if (type === 'ipma') associations.push(content)
  }
  bounded(containers.length, MAX_PROPERTIES, 'properties')
  for (const ipma of associations) associate(ipma, containers, all)
}

function associate(ipma: Reader, properties: Box[], all: Map<number, Item>): void {
  const { version, flags } = ipma.versionAndFlags()
  const wide = (flags & 1) === 1
  for (let items = ipma.number(4); items > 0; items--) {
    const item = all.get(ipma.number(version === 0 ? 2 : 4))
    for (let count = ipma.number(1); count > 0; count--) {
      const index = wide ? ipma.number(2) & 0x7fff : ipma.number(1) & 0x7f
      const property = properties[index - 1]
      if (!item || !property) continue
      item.properties.push(property.type)
      if (property.type === 'ispe') Object.assign(item, sizeOf(property))
    }
  }
}

function sizeOf({ content: { bytes } }: Box): Pick<Item, 'width' | 'height'> {
  const ispe = new Reader(bytes)
  ispe.versionAndFlags()
  return { width: ispe.number(4), height: ispe.number(4) }
}

function readSources(iref: Reader, all: Map<number, Item>): void {
  const idBytes = iref.versionAndFlags().version === 0 ? 2 : 4
  for (const { type, content } of iref.boxes()) {
    const item = all.get(content.number(idBytes))
    const count = bounded(content.number(2), MAX_SOURCES, 'references')
    const ids = Array.from({ length: count }, () => content.number(idBytes))
    if (type === 'dimg') item?.sources.push(...ids)
  }
}

function readExtents(iloc: Reader, all: Map<number, Item>, file: Buffer, idat: Buffer): void {
  const { version } = iloc.versionAndFlags()
  const [sizes, moreSizes] = [iloc.number(1), iloc.number(1)]
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 4, sizes & 0x0f, moreSizes >> 4]
  const indexBytes = version > 0 ? moreSizes & 0x0f : 0
  for (let items = iloc.number(version < 2 ? 2 : 4); items > 0; items--) {
    const item = all.get(iloc.number(version < 2 ? 2 : 4))
    const method = version > 0 ? iloc.number(2) & 0x0f : 0
    iloc.number(2)
    const base = iloc.number(baseBytes)
    for (let count = bounded(iloc.number(2), MAX_EXTENTS, 'pieces of an item'); count > 0; count--) {
      iloc.number(indexBytes)
      const offset = base + iloc.number(offsetBytes)
      const length = iloc.number(lengthBytes)
      if (method > 1) throw unsupported('An AVIF whose items lie in one another')
      const source = method === 1 ? idat : file
      item?.extents.push(source.subarray(offset, length === 0 ? undefined : offset + length))
    }
  }
}

function bounded(count: number, max: number, what: string): number {
  if (count > max) throw unsupported(`An AVIF of more than ${max} ${what}`)
  return count
}
