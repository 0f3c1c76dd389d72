import { createServer } from 'node:net'
import t from 'tap'
import { parseNetworks } from '../../../lib/egress/address-policy.ts'
import { downloader, failure, INSIDE, listen, never, OUTSIDE, serve } from '../../support/downloader.ts'
import { INSIDE_ADDRESSES, INSIDE_NAMES, REFUSED_URLS } from './hostile-urls.ts'
import { BLOCKED, canary, PICTURE, picture } from './servers.ts'

t.test('no spelling of an inside address is ever connected to', async (t) => {
  const { port, sockets } = await canary(t)
  const { download } = downloader(t, { networks: [], ports: [port] })
  for (const host of [...INSIDE_ADDRESSES, ...INSIDE_NAMES]) {
    t.same(await failure(download(`http://${host}:${port}/`, never)), BLOCKED, host)
  }
  t.same(sockets, [])
})

t.test('malformed URLs, other schemes and other ports are refused in the same words', async (t) => {
  const { download } = downloader(t)
  const ports = 'must use port 80 or 443'
  for (const [problem, urls] of Object.entries(REFUSED_URLS)) {
    if (problem !== ports) for (const url of urls) t.same(await failure(download(url, never)), BLOCKED, url)
  }
  const strict = downloader(t, { networks: [] })
  for (const url of REFUSED_URLS[ports] ?? [])
    t.same(await failure(strict.download(url, never)), BLOCKED, url)
})

t.test('no redirect leads inside', async (t) => {
  const inside = await canary(t)
  const origin = await serve(t, (request, response) => {
    response.writeHead(302, { location: decodeURIComponent(request.url?.slice(1) ?? '') }).end()
  })
  const { download } = downloader(t, { ports: [inside.port] })
  const literal = INSIDE_ADDRESSES.filter((host) => /^[\x21-\x7e]+$/.test(host))
  for (const location of [
    ...literal.map((host) => `http://${host}:${inside.port}/`),
    `//${INSIDE}:${inside.port}/`,
    `\\\\${INSIDE}:${inside.port}\\`,
    `http://user@${OUTSIDE}:${origin.port}/`,
    'http://[::1',
    'file:///etc/passwd',
    'ftp://127.0.0.2/'
  ]) {
    t.same(await failure(download(`${origin.url}/${encodeURIComponent(location)}`, never)), BLOCKED, location)
  }
  t.same(inside.sockets, [])
})

t.test('where a socket really leads is asked before a byte is sent', async (t) => {
  let bytes = 0
  const server = createServer((socket) => socket.on('data', (chunk) => (bytes += chunk.length)))
  const { port } = await listen(t, server, INSIDE)
  // The kernel takes 0.0.0.0 for 127.0.0.1: an address that was checked is not always the address that is
  // reached.
  const { download } = downloader(t, { networks: parseNetworks('0.0.0.0/32') })
  t.same(await failure(download(`http://0.0.0.0:${port}/`, never)), BLOCKED)
  t.same(await failure(download(`https://0.0.0.0:${port}/`, never)), BLOCKED)
  t.equal(bytes, 0)
})

t.test('localhost is loopback, whatever the DNS says, as far as it is allowed', async (t) => {
  const { port } = await picture(t, INSIDE)
  const resolve = async () => ['8.8.8.8']
  const { download } = downloader(t, { networks: parseNetworks('127.0.0.0/8'), resolve })
  for (const host of ['localhost', 'LocalHost.', 'cdn.localhost']) {
    t.same((await download(`http://${host}:${port}/`, never)).bytes, PICTURE, host)
  }
})
