import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { mock } from 'node:test'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'

const connections = ({ server }: FastifyInstance) => promisify(server.getConnections.bind(server))()

t.test('connections whose headers drip in are ended, all of them', async (t) => {
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
  await Promise.all(sockets.map((socket) => once(socket, 'close')))
  t.equal(await connections(app), 0)
})

t.test('a JSON body that drips in ends with its connection after 30 s', async (t) => {
  const app = await buildTestApp(t, { API_KEYS: 'operator-key-of-16' })
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const sockets = ['operator-key-of-16', 'a wrong key'].map((key) => {
    const socket = connect(port, 'localhost')
    const headers = [
      'Host: localhost',
      `x-api-key: ${key}`,
      'Content-Type: application/json',
      'Content-Length: 99'
    ]
    socket.write(['POST /api/v1/products HTTP/1.1', ...headers, '', '{'].join('\r\n'))
    return socket.setEncoding('utf8').on('error', () => undefined)
  })
  const received = Promise.all(sockets.map((socket) => socket.toArray()))
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('"')
    mock.timers.tick(15_000)
  }, 100)
  t.teardown(() => clearInterval(drip))
  const [slow, refused] = (await received).map((chunks) => chunks.join(''))
  t.match(slow, /^HTTP\/1\.1 408 .*"code":"request_timeout"/s)
  t.match(refused, /^HTTP\/1\.1 401 .*"code":"unauthorized"/s)
})

t.test('headers have 15 s, a whole request 10 minutes, and both are looked at each second', async (t) => {
  const { server } = await buildTestApp(t)
  t.match(server, { headersTimeout: 15_000, requestTimeout: 600_000, connectionsCheckingInterval: 1000 })
})
