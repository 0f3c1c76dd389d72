import { once } from 'node:events'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises'
import t from 'tap'
import { createResolver } from '../../../lib/egress/resolver.ts'
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
import { startNameServer } from '../../support/http/name-server.ts'

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

t.test('time', async (t) => {
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

  t.test('one that stalls in the TLS handshake does too', async (t) => {
    const origin = await speak(t, () => {})
    const { download } = downloader(t, { timeoutMs: 200 })
    t.same(await failure(download(origin.url.replace('http:', 'https:'), never)), TIMEOUT)
  })

  t.test('a name server that stalls does too', async (t) => {
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

  t.test('waiting for one of the six connections counts', async (t) => {
    const origin = await speak(t, () => {})
    const { download } = downloader(t, { timeoutMs: 200 })
    const downloads = Array.from({ length: 8 }, (_, i) => failure(download(`${origin.url}/${i}`, never)))
    t.same(await Promise.all(downloads), Array(8).fill(TIMEOUT))
  })
})

t.test('interruption', async (t) => {
  const reason = new Error('The worker stops')

  t.test('before the start', async (t) => {
    const origin = await serve(t, (_request, response) => response.end('picture'))
    await t.rejects(downloader(t).download(origin.url, AbortSignal.abort(reason)), reason)
    t.same(origin.sockets, [])
  })

  t.test('while the name is looked up', async (t) => {
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

  t.test('in the middle of the response, whose connection ends', async (t) => {
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

  t.test('is no failure even where the origin fails at that moment', async (t) => {
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

  t.test('leaves the connection to others that wait for it', async (t) => {
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
})
