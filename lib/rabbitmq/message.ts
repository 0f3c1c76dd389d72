import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** The body of a message on the image queue, as the original AsyncProd writes it. Only the product's id is believed. */
export const ImageMessage = Type.Object({
  product_id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
  user_id: Type.Integer(),
  image_urls: Type.Union([Type.Array(Type.String()), Type.Null()])
})
export type ImageMessage = Static<typeof ImageMessage>

/** The message, or the reason why it is none. */
export function parseMessage(content: Buffer): ImageMessage | { reason: string } {
  let value: unknown
  try {
    value = JSON.parse(content.toString())
  } catch {
    return { reason: 'the body is not JSON' }
  }
  if (Value.Check(ImageMessage, value)) return value
  const error = Value.Errors(ImageMessage, value).First()
  return {
    reason: `the body is no image message: ${error?.path || 'it'} ${error?.message ?? 'does not fit'}`
  }
}
