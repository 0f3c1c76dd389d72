import type { Readable } from 'node:stream'
import { AppError } from '../http/app-error.ts'
import type { Upload } from './uploads.ts'

/** Headers of a PUT that sends an upload's bytes. */
export interface PutHeaders {
  'content-type'?: string | undefined
  'content-length'?: string | undefined
}

/** Throws an AppError unless the headers are those that the upload was made for, and its URL is valid. */
export function checkPut(upload: Upload, headers: PutHeaders, maxBytes: number): void {
  if (upload.expires_at.getTime() < Date.now())
    throw new AppError(
      'forbidden',
      'The URL of the upload has expired: get a new one with POST /api/v1/uploads.'
    )
  const type = headers['content-type']
  if (type !== upload.content_type)
    throw new AppError(
      'unsupported_media_type',
      `Send the bytes with the Content-Type ${upload.content_type}, for which the upload was made.`
    )
  const length = headers['content-length']
  if (length !== undefined) checkSize(upload, Number(length), maxBytes, upload.bytes ?? 0)
}

/** Yields the chunks. Throws an AppError as soon as there are too many bytes, or at the end if too few. */
export async function* sized(
  body: Readable,
  upload: Upload,
  maxBytes: number
): AsyncGenerator<Uint8Array, void> {
  let bytes = 0
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    checkSize(upload, bytes, maxBytes, 0)
    yield chunk
  }
  checkSize(upload, bytes, maxBytes, upload.bytes ?? 1)
}

const MAX_DISCARDED_BYTES = 64 * 2 ** 20

/**
 * Reads on after a refusal: many clients read no response before their last byte is sent, or lose it when the
 * connection is closed before. Resolves when nothing more comes, or after 64 MB.
 */
export async function discardRest(body: Readable): Promise<void> {
  let bytes = 0
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length
      if (bytes > MAX_DISCARDED_BYTES) return
    }
  } catch {
    // The client has left.
  }
}

function checkSize(upload: Upload, bytes: number, maxBytes: number, minBytes: number): void {
  if (upload.bytes === null && bytes > maxBytes)
    throw new AppError('body_too_large', `An upload may have at most ${maxBytes} bytes.`)
  if (bytes < minBytes || bytes > (upload.bytes ?? maxBytes))
    throw new AppError(
      'invalid_input',
      upload.bytes === null
        ? 'The upload has no bytes.'
        : `The upload was made for ${upload.bytes} bytes, but other bytes were sent: make a new one for this file.`
    )
}
