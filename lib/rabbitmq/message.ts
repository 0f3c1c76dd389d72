import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/**
 * The body of a message on the image queue, as the Go service writes it. Only the product's id is trusted.
 */
export const ImageMessage = Type.Object({
  product_id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
  user_id: Type.Integer(),
  image_urls: Type.Union([Type.Array(Type.String()), Type.Null()])
})
export type ImageMessage = Static<typeof ImageMessage>

/** Returns the message, or the reason why the body is not one. */
export function parseMessage(
  content: Buffer
): { ok: true; message: ImageMessage } | { ok: false; reason: string } {
  let message: unknown
  try {
    message = JSON.parse(content.toString())
  } catch {
    return { ok: false, reason: 'the body is not JSON' }
  }
  if (Value.Check(ImageMessage, message)) return { ok: true, message }
  const error = Value.Errors(ImageMessage, message).First()
  const problem = `${error?.path || 'it'} ${error?.message ?? 'does not fit'}`
  return { ok: false, reason: `the body is not an image message: ${problem}` }
}
