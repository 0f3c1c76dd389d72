import { getEventListeners } from 'node:events'
import t from 'tap'
import { Agent } from 'undici'
import { BufferPool } from '../../../lib/buffer-pool.ts'
import { getResponse } from '../../../lib/download/response.ts'
import { downloader, type FailedImage, failure, never, serve, speak } from '../../support/downloader.ts'

const UNREACHABLE: FailedImage = {
  code: 'unreachable',
  message: 'The server could not be reached, or broke off its response.',
  transient: true,
  retryAfterMs: undefined
}
const TOO_LARGE: FailedImage = {
  code: 'too_large',
  message: 'The image is larger than the limit of 100000 bytes. Use a smaller one.',
  transient: false,
  retryAfterMs: undefined
}

t.test('an image is downloaded byte by byte as it is', async (t) => {
  const picture = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251))
  const origin = await serve(t, (request, response) => {
    response.sendDate = false
    if (request.url === '/chunked?a=1&b=%20') response.write(picture.subarray(0, 3))
    else response.setHeader('content-length', picture.length)
    response.end(request.url === '/chunked?a=1&b=%20' ? picture.subarray(3) : picture)
  })
  const { download } = downloader(t)
  t.same((await download(`${origin.url}/with-length#fragment`, never)).bytes, picture)
  t.same((await download(`${origin.url}/chunked?a=1&b=%20`, never)).bytes, picture)
})

t.test('a body that ends with its connection is whole', async (t) => {
  const origin = await speak(t, (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\npicture'))
  t.same((await downloader(t).download(origin.url, never)).bytes, Buffer.from('picture'))
})

t.test('responses that only announce one are not taken without end', async (t) => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
  const whole = 'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\npicture'
  const few = await speak(t, (socket) => socket.write(hint.repeat(100) + whole))
  t.same((await downloader(t).download(few.url, never)).bytes, Buffer.from('picture'))
  const many = await speak(t, (socket) => socket.write(hint.repeat(101) + whole))
  t.same(await failure(downloader(t).download(many.url, never)), UNREACHABLE)
})

t.test('a length over the limit is refused before a byte of the body', async (t) => {
  const origin = await speak(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n'))
  t.same(await failure(downloader(t).download(origin.url, never)), TOO_LARGE)
})

t.test('a body without an end is cut off at the limit, and its connection ended', async (t) => {
  const origin = await speak(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    const more = () => {
      while (socket.write('5\r\nabcde\r\n'.repeat(1000)));
    }
    socket.on('drain', more)
    more()
  })
  t.same(await failure(downloader(t).download(origin.url, never)), TOO_LARGE)
  await origin.closed()
})

t.test(
  'bodies in chunks of one byte are taken whole, more of them over a connection than one response may be',
  async (t) => {
    const picture = Buffer.from(Array.from({ length: 100_000 }, (_, i) => 97 + (i % 26)))
    const chunks = [...picture].map((byte) => `1\r\n${String.fromCharCode(byte)}\r\n`).join('')
    const origin = await speak(t, (socket) =>
      socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)
    )
    const { download } = downloader(t)
    for (let i = 0; i < 12; i++) {
      using got = await download(origin.url, never)
      t.ok(got.bytes.equals(picture))
    }
    t.ok(origin.sockets.some(({ bytesWritten }) => bytesWritten > 2_697_152))
  }
)

t.test(
  'a body longer than it said is taken as long as it said, and its connection is not used again',
  async (t) => {
    const origin = await speak(t, (socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\npictureHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged'
      )
    )
    const { download } = downloader(t)
    t.same((await download(origin.url, never)).bytes, Buffer.from('picture'))
    t.same((await download(origin.url, never)).bytes, Buffer.from('picture'))
    t.equal(origin.sockets.length, 2)
  }
)

t.test('a body shorter than it said is no image', async (t) => {
  const origin = await speak(t, (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\npicture'))
  t.same(await failure(downloader(t).download(origin.url, never)), UNREACHABLE)
})

t.test('64 kB of headers are read', async (t) => {
  const header = `x-y: ${'z'.repeat(8000)}\r\n`.repeat(8)
  const origin = await speak(t, (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\n${header}content-length: 7\r\n\r\npicture`)
  )
  t.same((await downloader(t).download(origin.url, never)).bytes, Buffer.from('picture'))
})

t.test('an encoding that changes no byte is let through', async (t) => {
  const origin = await serve(t, (request, response) => {
    response.setHeader('content-encoding', request.url?.slice(1) ?? '')
    response.end('picture')
  })
  const { download } = downloader(t)
  for (const encoding of ['', 'identity', 'binary', 'aws-chunked', 'utf-8']) {
    t.same((await download(`${origin.url}/${encoding}`, never)).bytes, Buffer.from('picture'), encoding)
  }
})

t.test('the signal, which may live longer, holds on to nothing of a response', async (t) => {
  const origin = await serve(t, (_request, response) => response.end('picture'))
  const agent = new Agent()
  const pool = new BufferPool(0)
  t.teardown(() => agent.destroy())
  const { signal } = new AbortController()
  await getResponse(agent, { url: new URL(origin.url), headers: {}, maxBytes: 100, pool, signal })
  await t.rejects(getResponse(agent, { url: new URL(origin.url), headers: {}, maxBytes: 1, pool, signal }))
  t.same(getEventListeners(signal, 'abort'), [])
})
