import { hash } from 'node:crypto'
import { OBJECT_PREFIX } from './object-store.ts'

/** Returns the prefix of the keys of a product. */
export const productPrefix = (productId: number) => `${OBJECT_PREFIX}${productId}/`

/**
 * Contains the generation of the attempt, so that no earlier key becomes valid again, and a hash of the
 * bytes, so that a late upload never replaces other bytes. An object may be cached for ever.
 */
export function objectKey(
  productId: number,
  { id, generation }: { id: string; generation: number },
  jpeg: Buffer
): string {
  return `${productPrefix(productId)}${id}-${generation}-${hash('sha256', jpeg, 'hex').slice(0, 12)}.jpg`
}

/** Returns whether the key has the form of `objectKey`; keys of the Go service have another. */
export const isOwnKey = (key: string) => /^products\/\d+\/[0-9a-f-]{36}-\d+-[0-9a-f]{12}\.jpg$/.test(key)
