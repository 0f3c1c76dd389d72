import { BufferPool } from '../buffer-pool.ts'
import { BodyBuffer } from '../download/body-buffer.ts'
import type { Download } from '../download/download.ts'
import { ImageError } from '../image/error.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** Room for eight photographs of six megapixels, as in downloads. */
const POOL_BYTES = 16 * 1024 * 1024

/** The location of everything that is read from our own store. */
export const OWN_STORE = { domain: 'uploads', networks: [] }

/**
 * Resolves with the bytes of an object, null when there is none. Rejects with an ImageError, or with the
 * signal's reason.
 */
export type ReadStored = (key: string, signal: AbortSignal) => Promise<Download | null>

/** Returns a reader of sources in the store, which may have `maxBytes`, as downloads may. */
export function storedReader(objects: Pick<ObjectStore, 'open'>, maxBytes: number): ReadStored {
  const pool = new BufferPool(POOL_BYTES)

  async function read(key: string, signal: AbortSignal): Promise<Download | null> {
    const object = await objects.open(key, signal)
    signal.throwIfAborted()
    if (!object) return null
    try {
      const buffer = new BodyBuffer(object.bytes, maxBytes, pool)
      for await (const chunk of object.body) buffer.push(chunk)
      return buffer
    } finally {
      object.body.destroy()
    }
  }

  return async (key, signal) => {
    try {
      return await read(key, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof ImageError ? error : notRead(error)
    }
  }
}

const notRead = (cause: unknown) =>
  new ImageError('storage', 'The stored source could not be read and will be retried.', {
    transient: true,
    cause
  })
