/** Where finished images are kept. Writing a key again replaces it, removing one that is not there succeeds. */
export interface ObjectStore {
  /** Stores a JPEG and answers its public URL. Rejects with an ImageError of code `storage`. */
  put(key: string, jpeg: Buffer, signal: AbortSignal): Promise<string>
  remove(key: string, signal?: AbortSignal): Promise<void>
  /** The keys that begin with the prefix, and since when they are there. */
  list(prefix: string): AsyncIterable<StoredObject>
  ping(): Promise<void>
  close(): Promise<void>
}

export interface StoredObject {
  key: string
  modified: Date
  bytes: number
}

export const OBJECT_PREFIX = 'products/'

/** Image ids are never used twice, so neither are keys: what is stored under one may be cached for ever. */
export const objectKey = (productId: number, imageId: string) => `${OBJECT_PREFIX}${productId}/${imageId}.jpg`
