import { ImageError } from './error.ts'

/**
 * The formats that `compress` reads, by their first bytes in hex. libvips gets no others. An ISO media file
 * is an AVIF if `avif` or `avis` is among its brands; HEIC has other brands.
 */
const FORMATS = [
  ['JPEG', /^ffd8ff/],
  ['PNG', /^89504e470d0a1a0a/],
  ['WebP', /^52494646.{8}57454250/],
  ['AVIF', /^.{8}66747970(.{8}){0,30}?617669(66|73)/],
  ['GIF', /^474946383[79]61/],
  ['TIFF', /^(49492[ab]00|4d4d002[ab])/]
] as const

/** Other files that URLs of pictures lead to, for the message of the refusal. */
const UNSUPPORTED = [
  ['HEIC', /^.{8}66747970(6865(69|76)|6d696631|6d736631)/],
  ['JPEG XL', /^(ff0a|0000000c4a584c20)/],
  ['PDF', /^25504446/],
  ['BMP', /^424d/]
] as const

export type ImageFormat = (typeof FORMATS)[number][0]

const IMAGE_FORMATS = FORMATS.map(([name]) => name)

/** Returns the format of an image by its first bytes, never by a name or a content type. */
export function imageFormat(source: Buffer): ImageFormat | undefined {
  const head = source.toString('hex', 0, 160)
  return FORMATS.find(([, magic]) => magic.test(head))?.[0]
}

/** Returns the error for a file of an unsupported format. */
export function unsupported(what: string): ImageError {
  return new ImageError('unsupported_format', `${what} is not supported: send ${IMAGE_FORMATS.join(', ')}`)
}

/** Returns a name for such a file, which begins the message: "A web page". */
export function describeUnsupported(source: Buffer): string {
  if (source.length === 0) return 'An empty file'
  const text = source.toString('latin1', 0, 1024)
  if (/<svg[\s>]/i.test(text)) return 'SVG'
  if (/<(!doctype html|html|head|body)[\s>]/i.test(text)) return 'A web page'
  const head = source.toString('hex', 0, 160)
  return UNSUPPORTED.find(([, magic]) => magic.test(head))?.[0] ?? 'This kind of file'
}
