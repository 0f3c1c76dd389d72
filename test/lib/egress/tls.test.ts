import tls from 'node:tls'
import t, { type Test } from 'tap'
import { downloader, type FailedImage, failure, listen, never, OUTSIDE } from '../../support/downloader.ts'
import { CERTIFICATE, KEY } from '../../support/http/certificate.ts'
import type { Listening } from '../../support/http/listen.ts'
import { PICTURE, picture, withNames } from './servers.ts'

const before = tls.getCACertificates('default')
t.teardown(() => tls.setDefaultCACertificates(before))
const secure = async (t: Test): Promise<Listening> => {
  const server = tls.createServer({ cert: CERTIFICATE, key: KEY }, (socket) => {
    socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\npicture')
  })
  return listen(t, server)
}
const INVALID: FailedImage = {
  code: 'unreachable',
  message: 'The server’s TLS certificate is not valid. Have it renewed, or use another URL.',
  transient: false,
  retryAfterMs: undefined
}
const zone = { 'images.test': () => [OUTSIDE], 'other.test': () => [OUTSIDE] }

t.test('a certificate of an unknown issuer is a permanent failure', async (t) => {
  const { port } = await secure(t)
  const { download } = await withNames(t, zone)
  t.same(await failure(download(`https://images.test:${port}/`, never)), INVALID)
})

t.test('a certificate must name the host', async (t) => {
  tls.setDefaultCACertificates([CERTIFICATE])
  const { port } = await secure(t)
  const { download } = await withNames(t, zone)
  t.same(await failure(download(`https://other.test:${port}/`, never)), INVALID)
  t.same(await failure(download(`https://${OUTSIDE}:${port}/`, never)), INVALID)
  t.same((await download(`https://images.test:${port}/`, never)).bytes, PICTURE)
})

t.test('a response without an end is cut off, and what TLS adds to it is counted', async (t) => {
  tls.setDefaultCACertificates([CERTIFICATE])
  const server = tls.createServer({ cert: CERTIFICATE, key: KEY }, (socket) => {
    socket.on('error', () => {}).setNoDelay()
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;')
    // A record of one byte, and 22 around it.
    const more = () => {
      while (socket.write('x'));
    }
    socket.on('drain', more)
    more()
  })
  const { port } = await listen(t, server)
  const { download } = await withNames(t, zone)
  t.match(await failure(download(`https://images.test:${port}/`, never)), { code: 'too_large' })
})

t.test('a server that speaks no TLS is unreachable', async (t) => {
  const { url } = await picture(t)
  const { download } = downloader(t)
  t.match(await failure(download(url.replace('http:', 'https:'), never)), {
    code: 'unreachable',
    transient: true
  })
})
