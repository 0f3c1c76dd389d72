import t from 'tap'
import { downloader, failure, never, speak } from '../../support/downloader.ts'

const responding = (status: string, headers: string[] = []) =>
  speak(t, (socket) =>
    socket.write([`HTTP/1.1 ${status}`, ...headers, 'content-length: 6', '', 'secret'].join('\r\n'))
  )
const failureOf = async (status: string, headers?: string[]) =>
  failure(downloader(t).download((await responding(status, headers)).url, never))

t.test('a client error is for good; its words are ours, not the server’s', async (t) => {
  t.same(await failureOf('404 <b>gone'), {
    code: 'http_status',
    message: 'The server responded with 404 Not Found.',
    transient: false,
    retryAfterMs: undefined
  })
  for (const status of [204, 206, 304, 400, 401, 403, 410, 451]) {
    t.match(await failureOf(`${status} x`), { code: 'http_status', transient: false }, String(status))
  }
})

t.test('an error that may pass is transient', async (t) => {
  for (const status of [202, 408, 425, 429, 500, 502, 503, 504]) {
    t.match(await failureOf(`${status} x`), { code: 'http_status', transient: true }, String(status))
  }
})

t.test('a status nobody knows is named by its number', async (t) => {
  t.match(await failureOf('599 x'), { message: 'The server responded with 599.', transient: true })
})

t.test('the body of an error is not waited for', async (t) => {
  const origin = await speak(t, (socket) => socket.write('HTTP/1.1 503 x\r\ncontent-length: 9999\r\n\r\n'))
  t.match(await failure(downloader(t).download(origin.url, never)), {
    message: 'The server responded with 503 Service Unavailable.'
  })
  await origin.closed()
})

t.test('an interim response is not the response', async (t) => {
  const origin = await speak(t, (socket) =>
    socket.write(
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\npicture'
    )
  )
  t.same((await downloader(t).download(origin.url, never)).bytes, Buffer.from('picture'))
})

t.test('Retry-After is honoured in seconds and as a date, up to an hour', async (t) => {
  const after = async (value: string) => (await failureOf('503 x', [`retry-after: ${value}`])).retryAfterMs
  t.equal(await after('0'), 0)
  t.equal(await after('7'), 7000)
  t.equal(await after('3600'), 3_600_000)
  t.equal(await after('999999999999'), 3_600_000)
  t.equal(await after('Fri, 31 Dec 2999 23:59:59 GMT'), 3_600_000)
  t.equal(await after('Sun, 06 Nov 1994 08:49:37 GMT'), 0)
  for (const nonsense of ['soon', '-5', '1.5e3x', '']) t.equal(await after(nonsense), undefined, nonsense)
  t.equal((await failureOf('404 x', ['retry-after: 7'])).retryAfterMs, undefined)
})
