import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises'
import t from 'tap'
import { AttemptTrace, inAttempt, type SourceVisit } from '../../../lib/log/attempt-trace.ts'
import {
  downloader,
  type FailedImage,
  failure,
  never,
  OUTSIDE,
  serve,
  speak
} from '../../support/downloader.ts'

const UNREACHABLE: FailedImage = {
  code: 'unreachable',
  message: 'The server could not be reached, or broke off its response.',
  transient: true,
  retryAfterMs: undefined
}

t.test('the origin learns who asks, and for what', async (t) => {
  let headers: IncomingHttpHeaders = {}
  const origin = await serve(t, (request, response) => {
    headers = request.headers
    response.end('picture')
  })
  await downloader(t).download(origin.url, never)
  t.same(headers, {
    host: origin.url.slice('http://'.length),
    connection: 'keep-alive',
    'user-agent': 'AsyncProd/test',
    accept: 'image/*, */*;q=0.5',
    'accept-encoding': 'identity'
  })
})

t.test(
  'an origin that serves only browsers serves a browser’s user agent, after redirects too',
  async (t) => {
    const last = await serve(t, ({ headers }, response) => {
      response.statusCode = /^Mozilla/.test(headers['user-agent'] ?? '') ? 200 : 403
      response.end('picture')
    })
    const first = await serve(t, ({ headers }, response) => {
      response.statusCode = /^Mozilla/.test(headers['user-agent'] ?? '') ? 302 : 403
      response.setHeader('location', last.url).end()
    })
    t.match(await failure(downloader(t).download(first.url, never)), { code: 'http_status' })
    const browser = downloader(t, { userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' })
    t.same((await browser.download(first.url, never)).bytes, Buffer.from('picture'))
  }
)

t.test('connection', async (t) => {
  t.test('a refused connection, a reset one, one that closes at once and one that breaks off', async (t) => {
    const gone = await speak(t, () => {})
    const { download } = downloader(t)
    for (const response of [
      (socket: Socket) => socket.resetAndDestroy(),
      (socket: Socket) => socket.end(),
      (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf a pict', () =>
          socket.resetAndDestroy()
        )
      }
    ]) {
      const origin = await speak(t, response)
      t.same(await failure(download(origin.url, never)), UNREACHABLE)
    }
    gone.server.close()
    t.same(await failure(download(gone.url, never)), UNREACHABLE)
  })

  t.test('is used again', async (t) => {
    const origin = await serve(t, (_request, response) => response.end('picture'))
    const { download } = downloader(t)
    for (let i = 0; i < 3; i++) {
      await download(`${origin.url}/${i}`, never)
      await turnOfTheEventLoop()
    }
    t.equal(origin.sockets.length, 1)
  })

  t.test('is named in each attempt, with whether it was kept', async (t) => {
    const origin = await serve(t, (_request, response) => response.end('picture'))
    const { download } = downloader(t)
    const visits: SourceVisit[] = []
    for (const path of ['/1', '/2']) {
      const trace = new AttemptTrace()
      await inAttempt(trace, () => download(origin.url + path, never))
      await turnOfTheEventLoop()
      visits.push(...trace.visits)
    }
    t.strictSame(visits, [
      { url: `${origin.url}/1`, status: 200, address: OUTSIDE, kept: false },
      { url: `${origin.url}/2`, status: 200, address: OUTSIDE, kept: true }
    ])
  })

  t.test('there are six to one origin at most, and none is left in the end', async (t) => {
    const waiting: ServerResponse[] = []
    const origin = await serve(t, (_request, response) => {
      if (waiting.push(response) >= 6) for (const held of waiting) held.end('picture')
    })
    const made = downloader(t)
    const downloads = Array.from({ length: 20 }, (_, i) => made.download(`${origin.url}/${i}`, never))
    t.equal((await Promise.all(downloads)).length, 20)
    t.equal(origin.sockets.length, 6)
    await made.close()
    await origin.closed()
  })

  t.test('one that is still shaking hands ends with the downloader', async (t) => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const origin = await speak(t, resolve)
    const made = downloader(t)
    const download = failure(made.download(origin.url.replace('http:', 'https:'), never))
    await promise
    await made.close()
    await origin.closed()
    t.match(await download, { code: 'unreachable' })
  })
})
