import t from 'tap'
import { parseMessage } from '../../../lib/rabbitmq/message.ts'

const parse = (text: string) => parseMessage(Buffer.from(text))

t.test('the Go service’s messages are understood', async (t) => {
  t.strictSame(parse('{"product_id":7,"user_id":1,"image_urls":["https://a.example/b.jpg"]}'), {
    ok: true,
    message: { product_id: 7, user_id: 1, image_urls: ['https://a.example/b.jpg'] }
  })
  t.strictSame(parse('{"product_id":2147483647,"user_id":1,"image_urls":null}'), {
    ok: true,
    message: { product_id: 2_147_483_647, user_id: 1, image_urls: null }
  })
})

t.test('additional fields are accepted, whatever their names', async (t) => {
  t.match(parse('{"product_id":7,"user_id":1,"image_urls":[],"reason":"PUT","ok":false,"message":null}'), {
    ok: true,
    message: { product_id: 7 }
  })
  t.match(parse('{"product_id":7,"user_id":1,"image_urls":[],"trace":"x","__proto__":{"a":1}}'), {
    ok: true,
    message: { product_id: 7 }
  })
  t.notOk('a' in {})
})

t.test('anything else is refused with the reason', async (t) => {
  const no = (reason: string) => ({
    ok: false as const,
    reason: `the body is not an image message: ${reason}`
  })
  const NOT_JSON = { ok: false as const, reason: 'the body is not JSON' }
  const refused: [string, typeof NOT_JSON][] = [
    ['', NOT_JSON],
    ['{', NOT_JSON],
    ['\xff\xfe', NOT_JSON],
    ['null', no('it Expected object')],
    ['[]', no('it Expected object')],
    ['"text"', no('it Expected object')],
    ['{}', no('/product_id Expected required property')],
    ['{"product_id":"7","user_id":1,"image_urls":[]}', no('/product_id Expected integer')],
    ['{"product_id":7.5,"user_id":1,"image_urls":[]}', no('/product_id Expected integer')],
    [
      '{"product_id":0,"user_id":1,"image_urls":[]}',
      no('/product_id Expected integer to be greater or equal to 1')
    ],
    [
      '{"product_id":2147483648,"user_id":1,"image_urls":[]}',
      no('/product_id Expected integer to be less or equal to 2147483647')
    ],
    ['{"product_id":1e400,"user_id":1,"image_urls":[]}', no('/product_id Expected integer')],
    ['{"product_id":7,"user_id":1}', no('/image_urls Expected required property')],
    ['{"product_id":7,"user_id":1,"image_urls":[1]}', no('/image_urls Expected union value')]
  ]
  for (const [text, result] of refused) t.strictSame(parse(text), result, text)
})
