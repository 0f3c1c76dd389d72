import t from 'tap'
import { downloader, type FailedImage, failure, never, serve, speak } from '../../support/downloader.ts'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 7'

t.test('redirects', async (t) => {
  const redirecting = (locations: Record<string, string | string[]>, status = 302) =>
    serve(t, (request, response) => {
      const location = locations[request.url ?? '']
      if (location === undefined) response.end('picture')
      else
        response
          .writeHead(
            status,
            [location].flat().flatMap((to) => ['location', to])
          )
          .end('moved')
    })

  t.test('relative ones are followed, and those to another origin', async (t) => {
    const last = await redirecting({})
    const first = await redirecting({
      '/1': '2',
      '/2': '/3?x=1',
      '/3?x=1': `//${last.url.slice('http://'.length)}/4`
    })
    t.same((await downloader(t).download(`${first.url}/1`, never)).bytes, Buffer.from('picture'))
  })

  t.test('every kind is followed', async (t) => {
    for (const status of [301, 302, 303, 307, 308]) {
      const origin = await redirecting({ '/1': '/2' }, status)
      t.same(
        (await downloader(t).download(`${origin.url}/1`, never)).bytes,
        Buffer.from('picture'),
        String(status)
      )
    }
  })

  t.test('ten are followed, the eleventh is one too many, and so is a loop', async (t) => {
    const tooMany: FailedImage = {
      code: 'http_status',
      message: 'The server redirected more than 10 times.',
      transient: false,
      retryAfterMs: undefined
    }
    const hops = Array.from({ length: 11 }, (_, hop) => [`/${hop}`, `/${hop + 1}`])
    const origin = await redirecting({ ...Object.fromEntries(hops), '/loop': '/loop' })
    const { download } = downloader(t)
    t.same((await download(`${origin.url}/1`, never)).bytes, Buffer.from('picture'))
    t.same(await failure(download(`${origin.url}/0`, never)), tooMany)
    t.same(await failure(download(`${origin.url}/loop`, never)), tooMany)
  })

  t.test('the bytes of a Location go into the URL as they are, in UTF-8 or not', async (t) => {
    const paths: (string | undefined)[] = []
    const origin = await speak(t, (socket, request) => {
      const path = request.toString('latin1').split(' ')[1]
      paths.push(path)
      const location = {
        '/utf-8': Buffer.from('/größe-안녕 a.jpg'),
        '/latin-1': Buffer.from('/gr\xf6\xdfe.jpg', 'latin1')
      }[String(path)]
      const head = location ? 'HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: ' : OK
      socket.write(
        Buffer.concat([
          Buffer.from(head),
          location ?? Buffer.of(),
          Buffer.from('\r\n\r\n'),
          location ? Buffer.of() : Buffer.from('picture')
        ])
      )
    })
    const { download } = downloader(t)
    for (const path of ['/utf-8', '/latin-1']) await download(origin.url + path, never)
    t.same(paths, ['/utf-8', '/gr%C3%B6%C3%9Fe-%EC%95%88%EB%85%95%20a.jpg', '/latin-1', '/gr%F6%DFe.jpg'])
  })

  t.test('a Location that comes twice alike is one', async (t) => {
    const origin = await redirecting({ '/1': ['/2', '/2'] })
    t.same((await downloader(t).download(`${origin.url}/1`, never)).bytes, Buffer.from('picture'))
  })

  t.test('cookies that a host sets while it redirects return to it, and to no other', async (t) => {
    const cookies: unknown[] = []
    const other = await serve(t, ({ headers }, response) => {
      cookies.push(headers.cookie)
      response.end('picture')
    })
    const origin = await serve(t, ({ url, headers }, response) => {
      if (url === '/1') response.setHeader('set-cookie', ['a=1; Path=/; HttpOnly', 'b=2', 'nonsense'])
      else cookies.push(headers.cookie)
      response.writeHead(302, { location: url === '/1' ? '/2' : other.url }).end()
    })
    await downloader(t).download(`${origin.url}/1`, never)
    t.same(cookies, ['a=1; b=2', undefined])
  })

  t.test('where no source may lead, none is followed to either', async (t) => {
    const last = await redirecting({})
    const login = last.url.replace('//', '//user:password@')
    const origin = await redirecting({
      '/login': `${login}/`,
      '/ftp': 'ftp://shop.test/lamp.jpg',
      '/long': `/${'x'.repeat(2048)}`
    })
    const { download } = downloader(t)
    for (const path of ['/login', '/ftp', '/long'])
      t.match(await failure(download(origin.url + path, never)), { code: 'blocked_address' }, path)
  })

  t.test('a redirect without a Location, or with two, is a failure like any other status', async (t) => {
    const origin = await redirecting({ '/two': ['/a', '/b'], '/none': [] })
    const { download } = downloader(t)
    for (const path of ['/two', '/none']) {
      t.match(await failure(download(origin.url + path, never)), {
        code: 'http_status',
        message: 'The server responded with 302 Found.',
        transient: false
      })
    }
  })
})
