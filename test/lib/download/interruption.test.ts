import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { createResolver } from '../../../lib/egress/resolver.ts'
import { downloader, never, serve, speak } from '../../support/downloader.ts'
import { startNameServer } from '../../support/http/name-server.ts'

const reason = new Error('The worker stops')

t.test('a stop before the start opens no connection', async (t) => {
  const origin = await serve(t, (_request, response) => response.end('picture'))
  await t.rejects(downloader(t).download(origin.url, AbortSignal.abort(reason)), reason)
  t.same(origin.sockets, [])
})

t.test('a stop while the name is looked up ends the download', async (t) => {
  const stop = new AbortController()
  let questions = 0
  const names = await startNameServer(t, {
    'slow.test': () => {
      if (++questions === 2) stop.abort(reason)
      return 'silence'
    }
  })
  const { download } = downloader(t, { resolve: createResolver([names.address]) })
  t.equal(await download('http://slow.test/', stop.signal).catch((error) => error), reason)
})

t.test('a stop in the middle of the response ends its connection', async (t) => {
  const stop = new AbortController()
  const origin = await speak(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf', () => stop.abort(reason))
  })
  t.equal(
    await downloader(t)
      .download(origin.url, stop.signal)
      .catch((error) => error),
    reason
  )
  await origin.closed()
})

t.test('a stop is no failure even if the origin fails at that moment', async (t) => {
  const stop = new AbortController()
  const origin = await speak(t, (socket) => {
    stop.abort(reason)
    socket.resetAndDestroy()
  })
  t.equal(
    await downloader(t)
      .download(origin.url, stop.signal)
      .catch((error) => error),
    reason
  )
})

t.test('a stop leaves the connection to others that wait for it', async (t) => {
  const stop = new AbortController()
  const held: ServerResponse[] = []
  const origin = await serve(t, (_request, response) => {
    if (held.push(response) === 6) stop.abort(reason)
  })
  const { download } = downloader(t)
  const stopped = Array.from({ length: 8 }, (_, i) => download(`${origin.url}/${i}`, stop.signal))
  t.same(await Promise.all(stopped.map((each) => each.catch((error) => error))), Array(8).fill(reason))
  const next = download(origin.url, never)
  while (held.length < 7) await once(origin.server, 'request')
  held.at(-1)?.end('picture')
  t.same((await next).bytes, Buffer.from('picture'))
})
