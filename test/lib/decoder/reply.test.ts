import t from 'tap'
import { readReply, UnreadableReply } from '../../../lib/decoder/reply.ts'

const body = Buffer.from('jpegwebpavif!')
const size = { width: 8, height: 6 }
const renditions = [
  { width: 4, height: 3, length: 4 },
  { width: 2, height: 1, length: 5 }
]
const placeholder = { thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI', color: '#7d7f6a' }

t.test('a reply holds the JPEG and the renditions one behind the other', async (t) => {
  const {
    jpeg,
    renditions: made,
    ...rest
  } = readReply({ head: { ...size, renditions, placeholder }, body }, 2)
  t.strictSame(
    [jpeg, ...made.map(({ bytes }) => bytes)].map((bytes) => bytes.toString()),
    ['jpeg', 'webp', 'avif!']
  )
  t.strictSame(rest, { ...size, placeholder })
  t.strictSame(readReply({ head: { ...size, renditions: [], placeholder: null }, body }), {
    ...size,
    jpeg: body,
    renditions: [],
    placeholder: null
  })
})

t.test('a reply that a decoder may not give is unreadable', async (t) => {
  const heads = {
    'too few renditions': { ...size, renditions: renditions.slice(1), placeholder },
    'renditions that are no list': { ...size, renditions: { length: 2 }, placeholder },
    'a rendition without a length': { ...size, renditions: [size, size], placeholder },
    'a rendition beyond the body': {
      ...size,
      renditions: [
        { ...size, length: 99 },
        { ...size, length: 1 }
      ]
    },
    'a rendition of no bytes': {
      ...size,
      renditions: [
        { ...size, length: 0 },
        { ...size, length: 1 }
      ]
    },
    'a placeholder that is none': {
      ...size,
      renditions,
      placeholder: { thumbhash: '<script>', color: 'red' }
    },
    'a placeholder that is a text': { ...size, renditions, placeholder: 'red' },
    'no size': { renditions, placeholder }
  }
  for (const [name, head] of Object.entries(heads))
    t.throws(() => readReply({ head, body }, 2), UnreadableReply, name)
})
