import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises'
import t from 'tap'
import { Agent, request } from 'undici'
import { parseNetworks } from '../../../lib/egress/address-policy.ts'
import { createConnector } from '../../../lib/egress/connector.ts'
import { downloader, failure, INSIDE, never, OUTSIDE, serve } from '../../support/downloader.ts'
import { BLOCKED, canary, PICTURE, picture, withNames } from './servers.ts'

t.test('names that lead outside are downloaded from', async (t) => {
  const { port } = await picture(t)
  const { download, questions } = await withNames(t, {
    'cdn.test': () => [OUTSIDE],
    'alias.test': () => ['cdn.test']
  })
  t.same((await download(`http://cdn.test:${port}/`, never)).bytes, PICTURE)
  t.same((await download(`http://alias.test:${port}/`, never)).bytes, PICTURE)
  t.same(questions.toSorted(), ['A alias.test', 'A cdn.test', 'AAAA alias.test', 'AAAA cdn.test'])
})

t.test('names that lead inside are not, by whatever record', async (t) => {
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

t.test('names that lead outside and inside are refused altogether', async (t) => {
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

t.test('names are looked up once a connection: a second lookup (rebinding) has no effect', async (t) => {
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

t.test('names that lead inside from the second connection on are refused there', async (t) => {
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

t.test('names are connected to by the addresses that they were located at', async (t) => {
  const { port } = await picture(t)
  let lookups = 0
  const resolve = async () => [++lookups === 1 ? OUTSIDE : '192.0.2.1']
  const { locate, download } = downloader(t, { resolve })
  t.same(await locate(`http://img.shop.co.uk:${port}/`), { domain: 'shop.co.uk', networks: [OUTSIDE] })
  t.same((await download(`http://img.shop.co.uk:${port}/`, never)).bytes, PICTURE)
})

t.test('names that could not be resolved are looked up again by the next attempt', async (t) => {
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

t.test('names that do not exist are unreachable', async (t) => {
  const { download } = await withNames(t, {})
  t.match(await failure(download('http://nowhere.test/', never)), { code: 'unreachable', transient: true })
})

t.test('names that lead to a public address keep to the ports', async (t) => {
  const { download } = downloader(t, { resolve: async () => ['8.8.8.8'] })
  t.same(await failure(download('http://public.test:8080/', never)), BLOCKED)
})
