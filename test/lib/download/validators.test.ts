import t from 'tap'
import { conditionsFor, NotModified, validatorsOf } from '../../../lib/download/validators.ts'
import { downloader, failure, never, serve } from '../../support/downloader.ts'

const url = 'https://a.example/1.jpg'
const DATE = 'Wed, 21 Oct 2015 07:28:00 GMT'

t.test('validators are what the standard allows, and nothing else', async (t) => {
  const cases: [headers: object, validators: object | null][] = [
    [
      { etag: '"a"', 'last-modified': DATE },
      { url, etag: '"a"', last_modified: DATE }
    ],
    [{ etag: 'W/"a b"' }, null],
    [{ etag: 'W/"ab"' }, { url, etag: 'W/"ab"' }],
    [{ etag: 'ab' }, null],
    [{ etag: `"${'a'.repeat(201)}"` }, null],
    [{ etag: '"ä"' }, null],
    [{ etag: ['"a"', '"b"'] }, null],
    [{ 'last-modified': 'yesterday' }, null],
    [{ 'last-modified': `${DATE}\r\nx: y` }, null],
    [{}, null]
  ]
  for (const [headers, validators] of cases) t.strictSame(validatorsOf(url, { ...headers }), validators)
})

t.test('they are sent to the URL that gave them, and to no other', async (t) => {
  const known = { url, etag: '"a"', last_modified: DATE }
  t.strictSame(conditionsFor(url, known), { 'if-none-match': '"a"', 'if-modified-since': DATE })
  t.strictSame(conditionsFor('https://b.example/1.jpg', known), {})
  t.strictSame(conditionsFor(url, undefined), {})
})

t.test('after a redirect, the last URL is asked whether it has changed', async (t) => {
  const asked: unknown[] = []
  const last = await serve(t, ({ headers }, response) => {
    asked.push(headers['if-none-match'])
    response.writeHead(headers['if-none-match'] ? 304 : 200, { etag: '"a"' }).end()
  })
  const first = await serve(t, ({ headers }, response) => {
    asked.push(headers['if-none-match'])
    response.writeHead(302, { location: last.url, etag: '"a"' }).end()
  })
  const { download } = downloader(t)
  const { validators } = await download(first.url, never)
  t.same(validators, { url: `${last.url}/`, etag: '"a"' })
  await t.rejects(download(first.url, never, undefined, validators ?? undefined), NotModified)
  t.strictSame(asked, [undefined, undefined, undefined, '"a"'])
})

t.test('a 304 that was not asked for is a failure', async (t) => {
  const origin = await serve(t, (_, response) => response.writeHead(304).end())
  const { code } = await failure(downloader(t).download(origin.url, never))
  t.equal(code, 'http_status')
})
