import assert from 'node:assert/strict'
import { parseMessage } from '../../../lib/rabbitmq/message.ts'

export const dictionary = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\u0000',
    'null',
    'true',
    '1',
    '-1',
    '2147483648',
    '1e9',
    '1.5',
    '__proto__'
  ],
  ...['"product_id":', '"user_id":', '"image_urls":', '"reason":', '["a"]', '\ufeff', '\ud800']
]

/** Whatever the body, it is a message of a product that can exist, or there is a reason why it is not. */
export function fuzz(input: Buffer): void {
  const parsed = parseMessage(input)
  if (!parsed.ok) {
    assert.match(parsed.reason, /^the body is /)
    return
  }
  const { product_id, user_id, image_urls } = parsed.message
  assert.ok(Number.isInteger(product_id) && product_id > 0 && product_id < 2 ** 31)
  assert.ok(Number.isInteger(user_id))
  assert.ok((image_urls ?? []).every((url) => typeof url === 'string'))
}
