import { once } from 'node:events'
import t from 'tap'
import { owned } from '../owner.ts'
import { type Fault, startFaultyProxy } from './faulty-proxy.ts'
import { startOrigin } from './origin.ts'

t.test('a proxy that fails on purpose', async (t) => {
  const origin = owned(
    t,
    await startOrigin({ handler: (request, response) => request.pipe(response.writeHead(201)) })
  )
  const proxy = owned(t, await startFaultyProxy(origin.url, 10))
  const put = (fault: Fault, signal?: AbortSignal) => {
    proxy.fault = fault
    return fetch(`${proxy.url}/${fault}`, { method: 'PUT', body: 'bytes', signal: signal ?? null })
  }
  const RESET = { cause: { code: 'ECONNRESET' } }

  t.test('passes requests and responses on', async (t) => {
    const response = await put('none')

    t.equal(response.status, 201)
    t.equal(await response.text(), 'bytes')
  })

  t.test('refuses, resets or stalls without carrying out', async (t) => {
    t.equal((await put('refuse')).status, 503)
    await t.rejects(put('reset'), RESET)
    const leave = new AbortController()
    const taken = proxy.taken()
    const stalled = put('stall', leave.signal)
    await taken
    leave.abort()
    await t.rejects(stalled, { name: 'AbortError' })

    t.same(
      ['/refuse', '/reset', '/stall'].map((path) => origin.count(path)),
      [0, 0, 0]
    )
  })

  t.test('carries out, and loses or denies it', async (t) => {
    await t.rejects(put('lose'), RESET)
    t.equal((await put('deny')).status, 500)

    t.same([origin.count('/lose'), origin.count('/deny')], [1, 1])
  })

  t.test('carries out after the client has left', async (t) => {
    const leave = new AbortController()
    const carriedOut = origin.requested('/delay')
    const delayed = put('delay', leave.signal)
    await once(proxy.server, 'request')
    leave.abort()

    await t.rejects(delayed, { name: 'AbortError' })
    await carriedOut
  })

  t.test('decides by the method', async (t) => {
    proxy.fault = (method) => (method === 'GET' ? 'refuse' : 'none')

    t.equal((await fetch(proxy.url)).status, 503)
    t.equal((await fetch(proxy.url, { method: 'DELETE' })).status, 201)
  })
})
