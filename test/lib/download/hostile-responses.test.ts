import { gzipSync } from 'node:zlib'
import t from 'tap'
import { downloader, type FailedImage, failure, never, serve, speak } from '../../support/downloader.ts'

const TOO_MUCH: FailedImage = {
  code: 'too_large',
  message:
    'The server sent more than 2697152 bytes for one response and did not end it. Serve the file as it is.',
  transient: false,
  retryAfterMs: undefined
}
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

const floods: [what: string, head: string, more: string][] = [
  ['extensions of a chunk', `${CHUNKED}1;`, 'x'],
  ['zeros before the size of a chunk', CHUNKED, '0'],
  ['a reason phrase', 'HTTP/1.1 200 ', 'O'],
  ['empty lines before a response', '', '\r\n']
]
for (const [what, head, more] of floods) {
  t.test(`${what} without an end are cut off, and their connection ended`, async (t) => {
    const block = more.repeat(65_536)
    const origin = await speak(t, (socket) => {
      socket.write(head)
      const flood = () => {
        while (socket.write(block));
      }
      socket.on('drain', flood)
      flood()
    })
    t.same(await failure(downloader(t).download(origin.url, never)), TOO_MUCH)
    await origin.closed()
  })
}

const MALFORMED: [what: string, response: string, message: string][] = [
  [
    'headers without an end',
    `HTTP/1.1 200 OK\r\n${'x-y: z\r\n'.repeat(20_000)}`,
    'The headers of the response are larger than 65536 bytes.'
  ],
  [
    'two lengths',
    'HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 8\r\n\r\npicture',
    'The response states its length more than once, or in two ways.'
  ],
  [
    'one length twice',
    'HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 7\r\n\r\npicture',
    'The response states its length more than once, or in two ways.'
  ],
  [
    'chunks after a length',
    'HTTP/1.1 200 OK\r\ncontent-length: 7\r\ntransfer-encoding: chunked\r\n\r\n7\r\npicture\r\n0\r\n\r\n',
    'The response states its length more than once, or in two ways.'
  ],
  [
    'chunks before a length',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 7\r\n\r\n7\r\npicture\r\n0\r\n\r\n',
    "The response is not valid HTTP: Content-Length can't be present with Transfer-Encoding."
  ],
  [
    'lines that end without a carriage return',
    'HTTP/1.1 200 OK\ncontent-length: 7\n\npicture',
    'The response is not valid HTTP: Missing expected CR after response line.'
  ],
  [
    '100 Continue',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\npicture',
    'The server responded with 100 Continue, which the request does not ask for.'
  ],
  ['another protocol', '220 ready\r\n', 'The response is not valid HTTP: Expected HTTP/, RTSP/ or ICE/.']
]
for (const [what, response, message] of MALFORMED) {
  t.test(`a response that undici cannot read is named for what it is: ${what}`, async (t) => {
    const origin = await speak(t, (socket) => socket.write(response))
    t.same(await failure(downloader(t).download(origin.url, never)), {
      code: 'unreachable',
      message,
      transient: true,
      retryAfterMs: undefined
    })
  })
}

t.test('a compressed body is refused: unpacked, it could have any size', async (t) => {
  const COMPRESSED: FailedImage = {
    code: 'unsupported_format',
    message:
      'The server compressed its response although the request did not allow it. Serve the file as it is.',
    transient: false,
    retryAfterMs: undefined
  }
  const origin = await serve(t, (request, response) => {
    response.setHeader('content-encoding', request.url?.slice(1).split('+') ?? '')
    response.end(gzipSync(Buffer.alloc(1_000_000)))
  })
  const { download } = downloader(t)
  for (const encoding of ['gzip', 'X-GZIP', 'br', 'zstd', 'deflate', 'identity,gzip', 'identity+gzip']) {
    t.same(await failure(download(`${origin.url}/${encoding}`, never)), COMPRESSED, encoding)
  }
})
