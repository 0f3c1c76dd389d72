import type { Compressed, Encoded } from '../compress.ts'
import { IMAGE_ERROR_CODES, ImageError, type ImageErrorCode } from '../image/error.ts'
import type { Placeholder } from '../image/placeholder.ts'
import type { Frame } from './frame.ts'

/**
 * What a decoder writes: `ready` once; for each picture `begun` when all of it has arrived, then the result.
 */
export type Reply =
  | { state: 'ready' | 'begun' }
  | Result
  | { code: ImageErrorCode; message: string; cause: string }
  | { fault: string }

/** The head of a result. Its body is the JPEG, followed by the renditions. */
export interface Result {
  width: number
  height: number
  renditions: { width: number; height: number; length: number }[]
  placeholder: Placeholder | null
}

/** Longest text of a reply that is passed on. */
const MAX_TEXT = 1000

/** The decoder wrote something that is not a reply. */
export class UnreadableReply extends Error {
  override readonly name = 'UnreadableReply'
}

/**
 * Returns the compressed picture of a reply, with `count` renditions. Throws its ImageError, or an Error for
 * a fault of the decoder's own program. A decoder that a picture has taken over may write anything, so
 * nothing of it is passed on unchecked.
 */
export function readReply({ head, body }: Frame, count = 0): Compressed {
  if (typeof head !== 'object' || head === null) throw new UnreadableReply()
  if ('fault' in head) throw new Error(`The decoder failed: ${text(head.fault)}`)
  if ('code' in head) throw failure(head)
  if (!('width' in head && 'height' in head)) throw new UnreadableReply()
  const renditions = renditionsOf(head, body, count)
  const others = renditions.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const jpeg = body.subarray(0, body.length - others)
  return {
    jpeg,
    width: side(head.width),
    height: side(head.height),
    renditions,
    placeholder: placeholderOf(head)
  }
}

export const isState = ({ head }: Frame, state: 'ready' | 'begun') =>
  typeof head === 'object' && head !== null && 'state' in head && head.state === state

function failure(head: { code: unknown; message?: unknown; cause?: unknown }): ImageError {
  const code = IMAGE_ERROR_CODES.find((known) => known === head.code)
  if (!code) throw new UnreadableReply()
  return new ImageError(code, text(head.message), head.cause ? { cause: new Error(text(head.cause)) } : {})
}

/** The lengths are read from the end, where the last rendition ends. */
function renditionsOf(head: object, body: Buffer, count: number): Encoded[] {
  const listed: unknown = 'renditions' in head ? head.renditions : []
  if (!Array.isArray(listed) || listed.length !== count) throw new UnreadableReply()
  let end = body.length
  const read = (entry: unknown): Encoded => {
    if (typeof entry !== 'object' || entry === null) throw new UnreadableReply()
    if (!('width' in entry && 'height' in entry && 'length' in entry)) throw new UnreadableReply()
    const start = end - side(entry.length)
    if (start < 0) throw new UnreadableReply()
    const bytes = body.subarray(start, end)
    end = start
    return { bytes, width: side(entry.width), height: side(entry.height) }
  }
  return listed.toReversed().map(read).toReversed()
}

function placeholderOf(head: object): Placeholder | null {
  if (!('placeholder' in head) || head.placeholder === null) return null
  const { placeholder } = head
  if (typeof placeholder !== 'object' || !('thumbhash' in placeholder && 'color' in placeholder))
    throw new UnreadableReply()
  const { thumbhash, color } = placeholder
  if (typeof thumbhash !== 'string' || typeof color !== 'string') throw new UnreadableReply()
  if (/^[\w+/=]{8,40}$/.test(thumbhash) && /^#[0-9a-f]{6}$/.test(color)) return { thumbhash, color }
  throw new UnreadableReply()
}

const text = (value: unknown) => String(value).slice(0, MAX_TEXT)

function side(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw new UnreadableReply()
}
