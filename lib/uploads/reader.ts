import { BodyBuffer } from '../download/body-buffer.ts'
import type { Download, Downloader } from '../download/download.ts'
import { BufferPool } from '../egress/buffers.ts'
import { ImageError } from '../image/error.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { uploadId, uploadKey } from './source.ts'

/** Room for eight photographs of six megapixels, as in downloads. */
const POOL_BYTES = 16 * 1024 * 1024

/** All uploads come from our own store. */
const LOCATION = { domain: 'uploads', networks: [] }

/** Returns the downloader, which now reads uploads from the store. They may have `maxBytes`, too. */
export function withUploads(
  downloader: Pick<Downloader, 'download' | 'locate'>,
  objects: Pick<ObjectStore, 'open'>,
  maxBytes: number
): Pick<Downloader, 'download' | 'locate'> {
  const pool = new BufferPool(POOL_BYTES)

  async function read(id: string, signal: AbortSignal): Promise<Download> {
    const object = await objects.open(uploadKey(id), signal)
    if (!object) throw notThere()
    try {
      const buffer = new BodyBuffer(object.bytes, maxBytes, pool)
      for await (const chunk of object.body) buffer.push(chunk)
      return buffer
    } finally {
      object.body.destroy()
    }
  }

  return {
    locate: async (url) => (uploadId(url) ? LOCATION : downloader.locate(url)),
    async download(url, signal, visit) {
      const id = uploadId(url)
      if (!id) return downloader.download(url, signal, visit)
      try {
        return await read(id, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw error instanceof ImageError ? error : notRead(error)
      } finally {
        visit?.responded()
      }
    }
  }
}

/** The product may have been created before its bytes were sent. */
const notThere = () =>
  new ImageError('unreachable', 'The upload has no bytes. PUT them to its URL, then reprocess the product.', {
    transient: true
  })

const notRead = (cause: unknown) =>
  new ImageError('storage', 'The upload could not be read and will be retried.', { transient: true, cause })
