import { createServer } from 'node:net'
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { parseNetworks } from '../../../lib/egress/address-policy.ts'
import { createConnector } from '../../../lib/egress/connector.ts'
import { createResolver } from '../../../lib/egress/resolver.ts'
import {
  downloader,
  type FailedImage,
  failure,
  INSIDE,
  listen,
  never,
  OUTSIDE,
  serve
} from '../../support/downloader.ts'
import { CERTIFICATE, KEY } from '../../support/http/certificate.ts'
import type { Listening } from '../../support/http/listen.ts'
import { type Records, startNameServer } from '../../support/http/name-server.ts'
import { INSIDE_ADDRESSES, INSIDE_NAMES, REFUSED_URLS } from './hostile-urls.ts'

/** The same words for every refusal: nothing about the inside can be read from them. */
const BLOCKED: FailedImage = {
  code: 'blocked_address',
  message:
    'The URL leads to an address that is not allowed. Use an http or https URL that anyone on the internet can open.',
  transient: false,
  retryAfterMs: undefined
}
const PICTURE = Buffer.from('picture')

/** A server inside, that nobody may ever reach. */
const canary = (t: Test) => serve(t, (_request, response) => response.end('secret'), INSIDE)
const picture = (t: Test, host?: string, port?: number) =>
  serve(t, (_request, response) => response.end('picture'), host, port)

/** A downloader that asks a name server of ours. */
async function withNames(t: Test, zone: Record<string, Records>) {
  const names = await startNameServer(t, zone)
  return { ...downloader(t, { resolve: createResolver([names.address]) }), questions: names.questions }
}

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

t.test('names', async (t) => {
  t.test('that lead outside are downloaded from', async (t) => {
    const { port } = await picture(t)
    const { download, questions } = await withNames(t, {
      'cdn.test': () => [OUTSIDE],
      'alias.test': () => ['cdn.test']
    })
    t.same((await download(`http://cdn.test:${port}/`, never)).bytes, PICTURE)
    t.same((await download(`http://alias.test:${port}/`, never)).bytes, PICTURE)
    t.same(questions.toSorted(), ['A alias.test', 'A cdn.test', 'AAAA alias.test', 'AAAA cdn.test'])
  })

  t.test('that lead inside are not, by whatever record', async (t) => {
    const { port, sockets } = await canary(t)
    const { download } = await withNames(t, {
      'a.test': () => [INSIDE],
      'aaaa.test': () => ['::1'],
      'mapped.test': () => ['::ffff:127.0.0.1'],
      'compatible.test': () => ['::127.0.0.1'],
      'nat64.test': () => ['64:ff9b::7f00:1'],
      'zero.test': () => ['0.0.0.0'],
      'metadata.test': () => ['169.254.169.254'],
      'alias.test': () => ['alias2.test'],
      'alias2.test': () => ['a.test']
    })
    for (const name of ['a', 'aaaa', 'mapped', 'compatible', 'nat64', 'zero', 'metadata', 'alias']) {
      t.same(await failure(download(`http://${name}.test:${port}/`, never)), BLOCKED, name)
    }
    t.same(sockets, [])
  })

  t.test('that lead outside and inside are refused altogether', async (t) => {
    const inside = await canary(t)
    const outside = await picture(t, OUTSIDE, inside.port)
    const { download } = await withNames(t, {
      'first.test': () => [INSIDE, OUTSIDE],
      'last.test': () => [OUTSIDE, OUTSIDE, INSIDE],
      'other-family.test': () => [OUTSIDE, '::1']
    })
    for (const name of ['first', 'last', 'other-family']) {
      t.same(await failure(download(`http://${name}.test:${inside.port}/`, never)), BLOCKED, name)
    }
    t.same([...inside.sockets, ...outside.sockets], [])
  })

  t.test('are looked up once a connection: a second lookup (rebinding) has no effect', async (t) => {
    const inside = await canary(t)
    await picture(t, OUTSIDE, inside.port)
    const { download, questions } = await withNames(t, {
      'rebinding.test': () => [
        questions.filter((asked) => asked === 'A rebinding.test').length > 1 ? INSIDE : OUTSIDE
      ]
    })
    t.same((await download(`http://rebinding.test:${inside.port}/`, never)).bytes, PICTURE)
    t.same(questions.toSorted(), ['A rebinding.test', 'AAAA rebinding.test'])
    t.same(inside.sockets, [])
  })

  t.test('that lead inside from the second connection on are refused there', async (t) => {
    const inside = await canary(t)
    await serve(
      t,
      (_request, response) => response.setHeader('connection', 'close').end(),
      OUTSIDE,
      inside.port
    )
    const addresses = [OUTSIDE, INSIDE]
    const connector = createConnector(
      { networks: parseNetworks(`${OUTSIDE}/32`), ports: [] },
      async () => addresses.splice(0, 1),
      { timeoutMs: 30_000, maxReadBytes: 100_000 }
    )
    const agent = new Agent({ connect: connector.connect })
    t.teardown(() => agent.destroy())
    const get = () => request(`http://rebinding.test:${inside.port}/`, { dispatcher: agent })
    t.equal((await get()).statusCode, 200)
    await t.rejects(get(), { name: 'BlockedAddress' })
    t.same(inside.sockets, [])
  })

  t.test('are connected to by the addresses that they were located at', async (t) => {
    const { port } = await picture(t)
    let lookups = 0
    const resolve = async () => [++lookups === 1 ? OUTSIDE : '192.0.2.1']
    const { locate, download } = downloader(t, { resolve })
    t.same(await locate(`http://img.shop.co.uk:${port}/`), { domain: 'shop.co.uk', networks: [OUTSIDE] })
    t.same((await download(`http://img.shop.co.uk:${port}/`, never)).bytes, PICTURE)
  })

  t.test('that could not be resolved are looked up again by the next attempt', async (t) => {
    const { port } = await picture(t)
    let lookups = 0
    const resolve = async () => {
      if (++lookups === 1) throw new Error('SERVFAIL')
      return [OUTSIDE]
    }
    const { download } = downloader(t, { resolve })
    const url = `http://flaky.test:${port}/`
    t.match(await failure(download(url, never)), { code: 'unreachable' })
    while (lookups === 1) {
      await download(url, never).catch(() => undefined)
      await turnOfTheEventLoop()
    }
    t.same((await download(url, never)).bytes, PICTURE)
  })

  t.test('that do not exist are unreachable', async (t) => {
    const { download } = await withNames(t, {})
    t.match(await failure(download('http://nowhere.test/', never)), { code: 'unreachable', transient: true })
  })

  t.test('that lead to a public address keep to the ports', async (t) => {
    const { download } = downloader(t, { resolve: async () => ['8.8.8.8'] })
    t.same(await failure(download('http://public.test:8080/', never)), BLOCKED)
  })
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

t.test('TLS', async (t) => {
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

  t.test('a certificate that nobody vouches for is refused, for good', async (t) => {
    const { port } = await secure(t)
    const { download } = await withNames(t, zone)
    t.same(await failure(download(`https://images.test:${port}/`, never)), INVALID)
  })

  t.test('one of another name is refused, one that fits is taken', async (t) => {
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
})
