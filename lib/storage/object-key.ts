import { hash } from 'node:crypto'
import { definitionOf, RENDITION_FORMATS, type Rendition, type RenditionFormat } from '../image/rendition.ts'
import { OBJECT_PREFIX, ORIGINAL_PREFIX } from './object-store.ts'

/** Returns the prefix of the keys of a product. */
export const productPrefix = (productId: number) => `${OBJECT_PREFIX}${productId}/`

/**
 * Contains the generation of the attempt, so that no earlier key becomes valid again, and a hash of the
 * bytes, so that a late upload never replaces other bytes. An object may be cached for ever.
 */
export function objectKey(productId: number, { id, generation }: ImageAttempt, jpeg: Buffer): string {
  return `${productPrefix(productId)}${id}-${generation}-${digest(jpeg)}.jpg`
}

/**
 * Contains a digest of the rendition's definition and bytes, so that no object of another definition is
 * replaced.
 */
export function renditionKey(
  productId: number,
  { id, generation }: ImageAttempt,
  rendition: Rendition,
  bytes: Buffer
): string {
  const name = `${rendition.name}-${digest(Buffer.concat([Buffer.from(definitionOf(rendition)), bytes]))}`
  return `${productPrefix(productId)}${id}-${generation}-${name}.${EXTENSIONS[rendition.format]}`
}

/** Returns the key of the bytes that an attempt had as its source. */
export const originalKey = (productId: number, { id, generation }: ImageAttempt, source: Buffer): string =>
  `${ORIGINAL_PREFIX}${productId}/${id}-${generation}-${digest(source)}`

/** Returns whether these are the bytes that an original's key names. */
export const isOriginalOf = (key: string, source: Buffer) => key.endsWith(`-${digest(source)}`)

/** Returns the prefix of the originals of the images whose results have the prefix. */
export const originalsPrefix = (prefix: string) => prefix.replace(OBJECT_PREFIX, ORIGINAL_PREFIX)

/** Returns whether the key has the form of one of ours; keys of the Go service have another. */
export const isOwnKey = (key: string) => OWN_KEY.test(key)

/** Returns whether the key has the form of one of ours or of the Go service's. Other programs have others. */
export const isOurs = (key: string) => isOwnKey(key) || GO_KEY.test(key)

export function contentTypeOf(key: string): string {
  if (key.startsWith(ORIGINAL_PREFIX)) return 'application/octet-stream'
  const format = RENDITION_FORMATS.find((format) => key.endsWith(`.${EXTENSIONS[format]}`))
  return `image/${format ?? 'jpeg'}`
}

interface ImageAttempt {
  id: string
  generation: number
}

const EXTENSIONS: Record<RenditionFormat, string> = { jpeg: 'jpg', webp: 'webp', avif: 'avif', png: 'png' }

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const RESULT = `products/\\d+/${UUID}-\\d+-([a-z][a-z0-9_-]*-)?[0-9a-f]{12}\\.(jpg|webp|avif|png)`
const ORIGINAL = `originals/\\d+/${UUID}-\\d+-[0-9a-f]{12}`
const OWN_KEY = new RegExp(`^(${RESULT}|${ORIGINAL}|uploads/${UUID})$`)
/** The last part of the source's URL, the nanoseconds of its upload, and its extension. */
const GO_KEY = /^products\/\d+\/[^/]*_\d{19}(\.[^/]*)?$/

const digest = (bytes: Buffer) => hash('sha256', bytes, 'hex').slice(0, 12)
