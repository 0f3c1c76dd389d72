import type { Socket } from 'node:net'
import t from 'tap'
import { createResolver } from '../../../lib/egress/resolver.ts'
import { downloader, type FailedImage, failure, never, serve, speak } from '../../support/downloader.ts'
import { startNameServer } from '../../support/http/name-server.ts'

const TIMEOUT: FailedImage = {
  code: 'timeout',
  message: 'The download took longer than 0.2 seconds.',
  transient: true,
  retryAfterMs: undefined
}
const head = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n'
const stalls: Record<string, (socket: Socket) => void> = {
  'before the headers': () => {},
  'in the headers': (socket) => socket.write(head.slice(0, 30)),
  'in the body': (socket) => socket.write(`${head}half`),
  'never quite: a byte now and then': (socket) => {
    socket.write(head)
    const drip = setInterval(() => socket.write('x'), 10)
    socket.on('close', () => clearInterval(drip))
  },
  'never quite: an interim response now and then': (socket) => {
    const drip = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 10)
    socket.on('close', () => clearInterval(drip))
  }
}
for (const [where, stall] of Object.entries(stalls)) {
  t.test(`an origin that stalls ${where} runs into the deadline, and loses its connection`, async (t) => {
    const origin = await speak(t, stall)
    t.same(await failure(downloader(t, { timeoutMs: 200 }).download(origin.url, never)), TIMEOUT)
    await origin.closed()
    t.equal(origin.sockets.length, 1)
  })
}

t.test('an origin that stalls in the TLS handshake runs into the deadline, too', async (t) => {
  const origin = await speak(t, () => {})
  const { download } = downloader(t, { timeoutMs: 200 })
  t.same(await failure(download(origin.url.replace('http:', 'https:'), never)), TIMEOUT)
})

t.test('a name server that stalls runs into the deadline, too', async (t) => {
  const names = await startNameServer(t, { 'slow.test': () => 'silence' })
  const { download } = downloader(t, { timeoutMs: 200, resolve: createResolver([names.address]) })
  t.same(await failure(download('http://slow.test/', never)), TIMEOUT)
})

t.test('redirects share the deadline', async (t) => {
  const origin = await serve(t, (_request, response) => {
    setTimeout(() => response.writeHead(302, { location: '/again' }).end(), 80)
  })
  t.same(await failure(downloader(t, { timeoutMs: 200 }).download(origin.url, never)), TIMEOUT)
})

t.test('a wait for one of the six connections counts towards the deadline', async (t) => {
  const origin = await speak(t, () => {})
  const { download } = downloader(t, { timeoutMs: 200 })
  const downloads = Array.from({ length: 8 }, (_, i) => failure(download(`${origin.url}/${i}`, never)))
  t.same(await Promise.all(downloads), Array(8).fill(TIMEOUT))
})
