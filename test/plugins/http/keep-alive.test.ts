import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import keepAlive from '../../../plugins/http/keep-alive.ts'
import { buildTestApp } from '../../support/app.ts'

t.test(
  'a connection that is busy when the service stops ends with its response, and does not delay the stop',
  async (t) => {
    const app = Fastify()
    const asked = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    await app.register(keepAlive)
    app.get('/', async () => {
      asked.resolve()
      await gate.promise
      return 'served'
    })
    const agent = new Agent({ keepAlive: true })
    t.teardown(() => agent.destroy())
    const response: Promise<IncomingMessage[]> = once(
      get(await app.listen({ port: 0 }), { agent }),
      'response'
    )
    await asked.promise

    const closeServer = app.server.close.bind(app.server)
    t.intercept(app.server, 'close', {
      value: (callback?: (error?: Error) => void) => {
        closeServer(callback)
        gate.resolve()
      }
    })
    const closed = app.close()
    const [served] = await response
    t.equal(String(await served?.toArray()), 'served')
    await closed
  }
)

t.test('a connection that was opened and not used yet ends when the service stops', async (t) => {
  const app = Fastify()
  await app.register(keepAlive)
  await app.listen({ port: 0 })
  const opened = once(app.server, 'connection')
  const socket = connect((app.server.address() as AddressInfo).port)
  t.teardown(() => socket.destroy())
  await opened
  const ended = once(socket.resume(), 'close')
  await app.close()
  await ended
})

t.test(
  'connections are kept while they are few, and end with their responses when they are many',
  async (t) => {
    const app = Fastify()
    await app.register(keepAlive)
    app.get('/', async () => 'served')
    await app.listen({ port: 0 })
    t.teardown(() => app.close())
    const { port } = app.server.address() as AddressInfo
    const agent = new Agent({ keepAlive: true })
    t.teardown(() => agent.destroy())
    const ask = async () => {
      const [response]: IncomingMessage[] = await once(get({ port, agent }), 'response')
      await response?.toArray()
      return response?.headers.connection
    }
    t.equal(await ask(), 'keep-alive')
    for (let opened = 0; opened < 500; opened++) {
      const arrived = once(app.server, 'connection')
      const socket = connect(port)
      t.teardown(() => socket.destroy())
      await arrived
    }
    t.equal(await ask(), 'close')
  }
)

t.test('event streams are not counted, and their connections serve nothing else', async (t) => {
  const app = Fastify()
  await app.register(keepAlive)
  app.get('/', async () => 'served')
  app.get('/events', { config: { isStream: true } }, (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { connection: 'close' }).write(': hello\n\n')
  })
  await app.listen({ port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const opened = Array.from({ length: 501 }, async () => {
    const stream = get({ port, path: '/events', agent: false })
    t.teardown(() => stream.destroy())
    const [response]: IncomingMessage[] = await once(stream, 'response')
    await once(response ?? stream, 'data')
  })
  await Promise.all(opened)
  const [response]: IncomingMessage[] = await once(get({ port, agent }), 'response')
  t.equal(response?.headers.connection, 'keep-alive')
  await response?.toArray()
})

t.test('a connection that is silent for a minute ends, even in the middle of a response', async (t) => {
  const app = await buildTestApp(t)
  t.equal(app.server.timeout, 60_000)
})
