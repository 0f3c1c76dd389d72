import { UPLOAD_PREFIX } from '../storage/object-store.ts'

const SCHEME = 'upload:'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Returns the source that names an upload in `product_images`. */
export const uploadSource = (id: string) => `${SCHEME}${id}`

/** Whether a source names an upload, or tries to. */
export const isUpload = (source: string) => source.trimStart().toLowerCase().startsWith(SCHEME)

/** Returns the id of the upload that a source names; null when it is no source of that form. */
export function uploadId(source: string): string | null {
  const text = source.trim().toLowerCase()
  const id = text.slice(SCHEME.length)
  return text.startsWith(SCHEME) && UUID.test(id) ? id : null
}

/** Returns the key of an upload's bytes. Objects of this prefix are never public. */
export const uploadKey = (id: string) => `${UPLOAD_PREFIX}${id}`
