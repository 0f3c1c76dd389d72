import type { Downloader } from '../download/download.ts'
import { ImageError } from '../image/error.ts'
import { uploadId, uploadKey } from './source.ts'
import { OWN_STORE, type ReadStored } from './stored.ts'

/** Returns the downloader, which now reads uploads from the store. */
export function withUploads(
  downloader: Pick<Downloader, 'download' | 'locate'>,
  readStored: ReadStored
): Pick<Downloader, 'download' | 'locate'> {
  return {
    locate: async (url) => (uploadId(url) ? OWN_STORE : downloader.locate(url)),
    async download(url, signal, visit, known) {
      const id = uploadId(url)
      if (!id) return downloader.download(url, signal, visit, known)
      try {
        const upload = await readStored(uploadKey(id), signal)
        if (upload) return upload
        throw notThere()
      } finally {
        visit?.responded()
      }
    }
  }
}

/** The product may have been created before its bytes were sent. */
const notThere = () =>
  new ImageError(
    'unreachable',
    'The upload has no bytes. PUT them to its URL. Reprocess the product only if its image is not pending.',
    { transient: true }
  )
