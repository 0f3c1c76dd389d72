import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'

t.test('connections whose headers drip in are all gone within the time for headers', async (t) => {
  const app = await buildTestApp(t, {}, { http: { headersTimeout: 500 } })
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const sockets = Array.from({ length: 600 }, () => connect(port, 'localhost'))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  for (const socket of sockets)
    socket
      .on('error', () => undefined)
      .resume()
      .write('GET /health HTTP/1.1\r\nx-drip: ')
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x')
  }, 200)
  t.teardown(() => clearInterval(drip))
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')))
  const started = performance.now()
  await closed
  // Node's own interval is 30 s.
  t.ok(performance.now() - started < 15_000, `${performance.now() - started} ms`)
})

t.test('headers have 15 s, and a whole request 10 minutes', async (t) => {
  const app = await buildTestApp(t)
  t.equal(app.server.headersTimeout, 15_000)
  t.equal(app.server.requestTimeout, 600_000)
})
