import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { embedded } from '../../consumers/services-under-test.ts'
import { buildTestApp } from '../../support/app.ts'
import { documented } from '../../support/openapi-conformance.ts'
import { request, send, stored, target, upload } from '../../support/uploads.ts'
import { uploads } from './scenario.ts'

function* chunks(count: number, bytes: number) {
  for (let sent = 0; sent < count; sent++) yield new Uint8Array(bytes)
}

t.test('in files', (t) => uploads(t, embedded))

t.test('the service receives what S3 would', async (t) => {
  const app = await buildTestApp(t, { MAX_SOURCE_BYTES: '2000', CORS_ORIGIN: 'https://shop.example' })
  const call = await documented(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const uploadOf = async (payload: object) => {
    const made = await target(app, payload)
    return { ...made, path: new URL(made.put.url).pathname }
  }

  t.test('every refusal says what is wrong, and is documented', async (t) => {
    const { path } = await uploadOf({ bytes: 5 })
    const { path: unstated } = await uploadOf({})
    const { path: old, source } = await uploadOf({})
    await app.pg.query("UPDATE uploads SET created_at = now() - interval '2 h' WHERE id = $1", [
      source.slice(7)
    ])
    const cases: [url: string, type: string, bytes: number, status: number, detail: string][] = [
      [
        path,
        'image/png',
        5,
        415,
        'Send the bytes with the Content-Type application/octet-stream, for which the upload was made.'
      ],
      [
        path,
        'application/octet-stream',
        4,
        422,
        'The upload was made for 5 bytes, but other bytes were sent: make a new one for this file.'
      ],
      [unstated, 'application/octet-stream', 2001, 413, 'An upload may have at most 2000 bytes.'],
      [unstated, 'application/octet-stream', 0, 422, 'The upload has no bytes.'],
      [
        old,
        'application/octet-stream',
        5,
        403,
        'The URL of the upload has expired: get a new one with POST /api/v1/uploads.'
      ],
      [
        '/api/v1/uploads/00000000-0000-4000-8000-000000000000',
        'image/png',
        5,
        404,
        'There is no such upload, or it was removed.'
      ]
    ]
    for (const [url, type, bytes, status, detail] of cases) {
      const reply = await call({
        method: 'PUT',
        url,
        headers: { 'content-type': type },
        payload: Buffer.alloc(bytes)
      })
      t.equal(reply.statusCode, status, detail)
      t.equal(reply.json().detail, detail)
    }
    t.strictSame(await stored(app), [])
  })

  t.test('a size that is not stated beforehand is bounded as the bytes arrive', async (t) => {
    const made = await uploadOf({})
    const { url, headers } = made.put
    const body = Readable.from(chunks(10, 1000))
    const response = await fetch(url, { method: 'PUT', headers, body, duplex: 'half' })
    t.match(await response.json(), {
      code: 'body_too_large',
      detail: 'An upload may have at most 2000 bytes.'
    })
    t.strictSame(await stored(app), [])
  })

  t.test('a body without an end is not read for ever', async (t) => {
    const { put } = await uploadOf({})
    const sending = httpRequest(put.url, { method: 'PUT', headers: put.headers })
    await t.rejects(pipeline(chunks(Number.POSITIVE_INFINITY, 1_000_000), sending), 'the connection ends')
    t.strictSame(await stored(app), [])
  })

  t.test('a client that reads nothing before its last byte is sent gets the refusal', async (t) => {
    const { put } = await uploadOf({})
    const { put: small } = await uploadOf({ bytes: 5 })
    const bytes = 20_000_000
    const statuses = async (headers: string) => [
      await sendWhole(put, headers),
      await sendWhole(small, headers)
    ]
    t.strictSame(await statuses(`content-length: ${bytes}\r\n\r\n`), ['413', '422'])
    t.strictSame(await statuses(`transfer-encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n`), [
      '413',
      '422'
    ])
    t.strictSame(await stored(app), [])

    /** Resolves with the status of the response. */
    async function sendWhole({ url, headers }: typeof put, rest: string) {
      const { host, pathname, hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      const type = headers['content-type']
      socket.write(`PUT ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: ${type}\r\n${rest}`)
      const end = rest.includes('chunked') ? '\r\n0\r\n\r\n' : ''
      await new Promise((resolve, reject) => {
        socket.once('error', reject)
        socket.write(Buffer.concat([Buffer.alloc(bytes), Buffer.from(end)]), resolve)
      })
      const [response] = await once(socket, 'data')
      socket.destroy()
      return String(response).split(' ')[1]
    }
  })

  t.test('a connection that breaks off leaves nothing', async (t) => {
    const { put } = await uploadOf({ bytes: 1000 })
    const arrived = once(app.server, 'request')
    const headers = { ...put.headers, 'content-length': 1000 }
    const sending = httpRequest(put.url, { method: 'PUT', headers })
    sending.on('error', () => undefined)
    sending.write(Buffer.alloc(500))
    const [, response] = await arrived
    sending.destroy()
    await once(response, 'close')
    t.strictSame(await stored(app), [])
  })

  t.test('an upload is not public', async (t) => {
    const source = await upload(app, Buffer.from('private'))
    for (const path of [
      `uploads/${source.slice(7)}`,
      `products/../uploads/${source.slice(7)}`,
      `products/%2e%2e/uploads/${source.slice(7)}`
    ])
      t.equal((await app.inject(`/media/${path}`)).statusCode, 404, path)
  })

  t.test('a page of an allowed origin may send one', async (t) => {
    const { path } = await uploadOf({})
    const headers = {
      origin: 'https://shop.example',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type'
    }
    const preflight = await app.inject({ method: 'OPTIONS', url: path, headers })
    t.match(preflight.headers, {
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-methods': /PUT/,
      'access-control-allow-headers': /Content-Type/
    })
  })
})

t.test('with credentials, an upload is its user’s', async (t) => {
  const app = await buildTestApp(t, { API_KEYS: 'key-of-user-1-0123:1,key-of-everybody-0123' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const own = { 'x-api-key': 'key-of-user-1-0123' }
  t.equal((await request(app, {})).statusCode, 401)
  t.equal((await request(app, { user_id: 2 }, own)).statusCode, 403)
  const all = await request(app, {}, { 'x-api-key': 'key-of-everybody-0123' })
  t.strictSame([all.statusCode, all.json().errors], [422, [{ pointer: '/user_id', detail: 'is required' }]])
  t.match(await send(await target(app, {}, own), new Uint8Array(5)), { status: 200 }, 'the URL is enough')
})
