/** By sharp's names, which are also the extensions of keys, except for JPEG. */
export const RENDITION_FORMATS = ['jpeg', 'webp', 'avif', 'png'] as const
export type RenditionFormat = (typeof RENDITION_FORMATS)[number]

const FITS = ['inside', 'cover', 'contain'] as const

/** A further size and format that each image is made in. */
export interface Rendition {
  name: string
  /** A side that is left out does not limit the picture. */
  width?: number
  height?: number
  fit: (typeof FITS)[number]
  format: RenditionFormat
  /** PNG has none. */
  quality?: number
}

/** Defaults that score like a JPEG of quality 75. */
const QUALITY: Record<Exclude<RenditionFormat, 'png'>, number> = { jpeg: 75, webp: 82, avif: 61 }

const MAX_RENDITIONS = 10
/** An AVIF of twice this side takes more CPU time than a decoder has. */
const MAX_SIDE = 4096

const GRAMMAR =
  'name:WxH[,fit=inside|cover|contain][,format=jpeg|webp|avif|png][,quality=1–100], separated by ;'
const EXAMPLE = 'thumb:200x200,fit=cover,format=webp;large:1600x,format=avif'

/** Returns the renditions of a setting. Throws an Error with the grammar and an example. */
export function parseRenditions(text: string): Rendition[] {
  const renditions = text.split(';').map((part) => parseRendition(part.trim()))
  const names = renditions.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw misread(`the name "${twice}" is there twice`)
  if (renditions.length > MAX_RENDITIONS) throw misread(`there are more than ${MAX_RENDITIONS}`)
  return renditions
}

/** Returns what a result depends on besides its source. The same text has always meant the same picture. */
export function definitionOf({ width, height, fit, format, quality }: Rendition): string {
  const text = `${width ?? ''}x${height ?? ''},fit=${fit},format=${format}`
  return quality === undefined ? text : `${text},quality=${quality}`
}

function parseRendition(part: string): Rendition {
  const [head = '', ...options] = part.split(',').map((text) => text.trim())
  const [, name, width, height] = /^([a-z][a-z0-9_-]{0,29}):(\d*)x(\d*)$/.exec(head) ?? []
  if (name === undefined) throw misread(`"${part}" does not begin with a name and a size`)
  const { fit = 'inside', format = 'jpeg', quality } = optionsOf(options, part)
  if (!width && !height) throw misread(`"${part}" needs a width or a height`)
  if (fit !== 'inside' && !(width && height)) throw misread(`"${part}" needs both sides for fit=${fit}`)
  if (format === 'png' && quality !== undefined) throw misread(`"${part}" has a quality, and PNG is lossless`)
  return {
    name,
    ...(width && { width: whole(width, MAX_SIDE, part) }),
    ...(height && { height: whole(height, MAX_SIDE, part) }),
    fit: oneOf(FITS, fit, part),
    ...encoding(oneOf(RENDITION_FORMATS, format, part), quality, part)
  }
}

function encoding(format: RenditionFormat, quality: string | undefined, part: string) {
  if (format === 'png') return { format }
  return { format, quality: quality === undefined ? QUALITY[format] : whole(quality, 100, part) }
}

function optionsOf(options: string[], part: string): Partial<Record<string, string>> {
  const pairs = options.map((option) => /^(fit|format|quality)=(\w+)$/.exec(option)?.slice(1) ?? [])
  if (pairs.some((pair) => pair.length === 0)) throw misread(`"${part}" has an unknown option`)
  const names = new Set(pairs.map(([name]) => name))
  if (names.size < pairs.length) throw misread(`"${part}" has an option twice`)
  return Object.fromEntries(pairs)
}

function oneOf<T extends string>(values: readonly T[], text: string, part: string): T {
  const value = values.find((known) => known === text)
  if (value === undefined) throw misread(`"${part}": ${text} is none of ${values.join(', ')}`)
  return value
}

function whole(text: string, maximum: number, part: string): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) <= maximum) return Number(text)
  throw misread(`"${part}": ${text} is not a whole number from 1 to ${maximum}`)
}

const misread = (what: string) => new Error(`${what}. Write ${GRAMMAR}, for example ${EXAMPLE}`)
