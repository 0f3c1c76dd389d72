import type { Config } from '../config/config.ts'
import { Decoder } from '../decoder/decoder.ts'
import { createDownloader } from '../download/download.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { withUploads } from '../uploads/reader.ts'
import { type ReadStored, storedReader } from '../uploads/stored.ts'
import { StoreBreaker } from './store-breaker.ts'

/** Returns what images are made with, as the settings say. */
export function imageTools(
  { images, sources }: Pick<Config, 'images' | 'sources'>,
  objects: Pick<ObjectStore, 'open'>,
  {
    connectionsPerOrigin,
    decodes,
    reads = new StoreBreaker()
  }: { connectionsPerOrigin: number; decodes: number; reads?: StoreBreaker }
) {
  const origins = createDownloader({
    ...sources,
    maxBytes: images.maxSourceBytes,
    timeoutMs: images.downloadTimeoutMs,
    userAgent: images.userAgent,
    connectionsPerOrigin
  })
  const decoder = new Decoder({
    maxPixels: images.maxSourcePixels,
    jpegEncoder: images.jpegEncoder,
    renditions: images.renditions,
    placeholders: images.placeholders,
    concurrency: decodes
  })
  const read = storedReader(objects, images.maxSourceBytes)
  const readStored: ReadStored = (key, signal) => reads.run(signal, () => read(key, signal))
  return {
    downloader: withUploads(origins, readStored),
    decoder,
    readOriginal: images.keepOriginals ? readStored : null,
    async close(): Promise<void> {
      await Promise.all([origins.close(), decoder.close()])
    }
  }
}
