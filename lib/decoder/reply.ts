import type { Compressed } from '../compress.ts'
import { IMAGE_ERROR_CODES, ImageError, type ImageErrorCode } from '../image/error.ts'
import type { Frame } from './frame.ts'

/**
 * What a decoder writes: `ready` once; for each picture `begun` when all of it has arrived, then the result.
 */
export type Reply =
  | { state: 'ready' | 'begun' }
  | { width: number; height: number }
  | { code: ImageErrorCode; message: string; cause: string }
  | { fault: string }

/** Longest text of a reply that is passed on. */
const MAX_TEXT = 1000

/** The decoder wrote something that is not a reply. */
export class UnreadableReply extends Error {
  override readonly name = 'UnreadableReply'
}

/**
 * Returns the compressed picture of a reply. Throws its ImageError, or an Error for a fault of the decoder's
 * own program. A decoder that a picture has taken over may write anything, so nothing of it is passed on
 * unchecked.
 */
export function readReply({ head, body }: Frame): Compressed {
  if (typeof head !== 'object' || head === null) throw new UnreadableReply()
  if ('fault' in head) throw new Error(`The decoder failed: ${text(head.fault)}`)
  if ('code' in head) throw failure(head)
  if (!('width' in head && 'height' in head)) throw new UnreadableReply()
  return { jpeg: body, width: side(head.width), height: side(head.height) }
}

export const isState = ({ head }: Frame, state: 'ready' | 'begun') =>
  typeof head === 'object' && head !== null && 'state' in head && head.state === state

function failure(head: { code: unknown; message?: unknown; cause?: unknown }): ImageError {
  const code = IMAGE_ERROR_CODES.find((known) => known === head.code)
  if (!code) throw new UnreadableReply()
  return new ImageError(code, text(head.message), head.cause ? { cause: new Error(text(head.cause)) } : {})
}

const text = (value: unknown) => String(value).slice(0, MAX_TEXT)

function side(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw new UnreadableReply()
}
