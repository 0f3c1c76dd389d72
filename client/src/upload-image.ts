import { client as defaultClient } from './client.ts'
import type { Client } from './generated/client/index.ts'
import { createUpload } from './generated/index.ts'
import { fetchOrThrow } from './problem-error.ts'

export interface UploadOptions {
  client?: Client
  signal?: AbortSignal
  /** Default: the type of the Blob. */
  contentType?: string
  /** The user whose products may name the upload. Required with credentials for all users. */
  userId?: number
}

/**
 * Sends a file. Resolves with the source that names it in `product_images`. Throws a ProblemError if the
 * service or the bucket refuses it.
 */
export async function uploadImage(
  file: Blob | Uint8Array<ArrayBuffer>,
  { client = defaultClient, signal, contentType, userId }: UploadOptions = {}
): Promise<string> {
  const send = fetchOrThrow(client)
  const [type, bytes] = file instanceof Blob ? [file.type, file.size] : ['', file.byteLength]
  const content_type = contentType ?? type
  const body = {
    bytes,
    ...(content_type && { content_type }),
    ...(userId !== undefined && { user_id: userId })
  }
  const abort = signal && { signal }
  const { data } = await createUpload({ client, fetch: send, body, throwOnError: true, ...abort })
  const { url, method, headers } = data.put
  await send(url, { method, headers, body: file, ...abort })
  return data.source
}
