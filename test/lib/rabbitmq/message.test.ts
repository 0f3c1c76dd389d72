import t from 'tap'
import { parseMessage } from '../../../lib/rabbitmq/message.ts'

const parse = (text: string) => parseMessage(Buffer.from(text))

t.test('the messages of the original AsyncProd are understood', async (t) => {
  t.strictSame(parse('{"product_id":7,"user_id":1,"image_urls":["https://a.example/b.jpg"]}'), {
    product_id: 7,
    user_id: 1,
    image_urls: ['https://a.example/b.jpg']
  })
  t.strictSame(parse('{"product_id":2147483647,"user_id":1,"image_urls":null}'), {
    product_id: 2_147_483_647,
    user_id: 1,
    image_urls: null
  })
})

t.test('what somebody adds to a message is no reason to refuse it', async (t) => {
  t.match(parse('{"product_id":7,"user_id":1,"image_urls":[],"trace":"x","__proto__":{"a":1}}'), {
    product_id: 7
  })
  t.notOk('a' in {})
})

t.test('anything else says why it is no message', async (t) => {
  const no = (reason: string) => ({ reason: `the body is no image message: ${reason}` })
  const refused: [string, { reason: string }][] = [
    ['', { reason: 'the body is not JSON' }],
    ['{', { reason: 'the body is not JSON' }],
    ['\xff\xfe', { reason: 'the body is not JSON' }],
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
  for (const [text, reason] of refused) t.strictSame(parse(text), reason, text)
})
