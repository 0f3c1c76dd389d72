import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Compressed, Encoded } from '../compress.ts'
import { IMAGE_ERROR_CODES, ImageError, type ImageErrorCode } from '../image/error.ts'
import type { Frame } from './frame.ts'

/**
 * What a decoder writes: `ready` once; for each picture `begun` when all of it has arrived, then the result.
 */
export type Reply =
  | { state: 'ready' | 'begun' }
  | Result
  | { code: ImageErrorCode; message: string; cause: string }
  | { fault: string }

const Positive = Type.Integer({ minimum: 1 })

/** The head of a result. Its body is the JPEG, followed by the renditions. */
const Result = Type.Object({
  width: Positive,
  height: Positive,
  renditions: Type.Array(Type.Object({ width: Positive, height: Positive, length: Positive })),
  placeholder: Type.Union([
    Type.Null(),
    Type.Object({
      thumbhash: Type.String({ pattern: '^[\\w+/=]{8,40}$' }),
      color: Type.String({ pattern: '^#[0-9a-f]{6}$' })
    })
  ])
})
type Result = Static<typeof Result>

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
  if (!Value.Check(Result, head) || head.renditions.length !== count) throw new UnreadableReply()
  const { width, height, renditions, placeholder } = head
  let end = body.length - renditions.reduce((sum, { length }) => sum + length, 0)
  if (end <= 0) throw new UnreadableReply()
  const jpeg = body.subarray(0, end)
  const encoded = renditions.map(({ length, ...size }): Encoded => {
    const start = end
    end += length
    return { width: size.width, height: size.height, bytes: body.subarray(start, end) }
  })
  return {
    jpeg,
    width,
    height,
    renditions: encoded,
    placeholder: placeholder && { thumbhash: placeholder.thumbhash, color: placeholder.color }
  }
}

export const isState = ({ head }: Frame, state: 'ready' | 'begun') =>
  typeof head === 'object' && head !== null && 'state' in head && head.state === state

function failure(head: { code: unknown; message?: unknown; cause?: unknown }): ImageError {
  const code = IMAGE_ERROR_CODES.find((known) => known === head.code)
  if (!code) throw new UnreadableReply()
  return new ImageError(code, text(head.message), head.cause ? { cause: new Error(text(head.cause)) } : {})
}

const text = (value: unknown) => String(value).slice(0, MAX_TEXT)
