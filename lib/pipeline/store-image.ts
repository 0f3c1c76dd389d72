import type { Compressed } from '../compress.ts'
import { definitionOf, type Rendition } from '../image/rendition.ts'
import type { ImageRow, StoredRendition } from '../products/record.ts'
import { objectKey, renditionKey } from '../storage/object-key.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** One picture that is to be stored. */
export interface NewObject {
  key: string
  bytes: Buffer
}

/** A rendition that is to be stored, and what its image's row will say of it. */
export interface NewRendition extends NewObject {
  name: string
  row: Omit<StoredRendition, 'key' | 'url'>
}

/** The objects of an attempt at an image. */
export interface NewObjects {
  main: NewObject
  renditions: NewRendition[]
  /** Null where the original is stored already, or is not kept. */
  original: NewObject | null
}

export function objectsOf(
  productId: number,
  image: Pick<ImageRow, 'id' | 'generation'>,
  { jpeg, renditions, newOriginal: original }: Compressed & { newOriginal: NewObject | null },
  definitions: Rendition[]
): NewObjects {
  const main = { key: objectKey(productId, image, jpeg), bytes: jpeg }
  const others = renditions.flatMap(({ bytes, width, height }, at) => {
    const rendition = definitions[at]
    if (!rendition) return []
    const key = renditionKey(productId, image, rendition, bytes)
    const row = { width, height, bytes: bytes.length, definition: definitionOf(rendition) }
    return [{ name: rendition.name, key, bytes, row }]
  })
  return { main, renditions: others, original }
}

export const listOf = ({ main, renditions, original }: NewObjects): NewObject[] => [
  main,
  ...renditions,
  ...(original ? [original] : [])
]

/**
 * Stores all of them. Resolves with the columns of the image's row. Rejects if one cannot be stored, but only
 * when none of the uploads is running any more: none outlives its job.
 */
export async function storeImage(
  objects: Pick<ObjectStore, 'put'>,
  made: NewObjects,
  signal: AbortSignal
): Promise<{ object_key: string; url: string; bytes: number; renditions: Record<string, StoredRendition> }> {
  const { main, renditions } = made
  const puts = listOf(made).map(({ key, bytes }) => objects.put(key, bytes, signal))
  await Promise.allSettled(puts)
  const [url = '', ...urls] = await Promise.all(puts)
  const rows = renditions.map(({ name, key, row }, at) => [name, { key, url: urls[at] ?? '', ...row }])
  return {
    object_key: main.key,
    url,
    bytes: main.bytes.length,
    renditions: Object.fromEntries(rows)
  }
}
