import { hash } from 'node:crypto'
import { OBJECT_PREFIX } from './object-store.ts'

/** What the keys of all objects of a product begin with. */
export const productPrefix = (productId: number) => `${OBJECT_PREFIX}${productId}/`

/** What the keys of all objects of an image begin with. */
export const imagePrefix = (productId: number, imageId: string) => `${productPrefix(productId)}${imageId}-`

/**
 * Names the generation of the attempt, so that a key of an earlier one never becomes valid again, and the bytes, so that a late
 * upload never replaces others. What is stored under a key may be cached for ever.
 */
export function objectKey(
  productId: number,
  { id, generation }: { id: string; generation: number },
  jpeg: Buffer
): string {
  return `${imagePrefix(productId, id)}${generation}-${hash('sha256', jpeg, 'hex').slice(0, 12)}.jpg`
}

/** Whether `objectKey` made it; the Go service's keys are named otherwise. */
export const isOwnKey = (key: string) => /^products\/\d+\/[0-9a-f-]{36}-\d+-[0-9a-f]{12}\.jpg$/.test(key)
