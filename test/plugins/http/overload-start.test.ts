import { setImmediate as nextTurn } from 'node:timers/promises'
import fastifyPostgres from '@fastify/postgres'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import t from 'tap'
import overload from '../../../plugins/http/overload.ts'

/** A pool that is never asked for a connection. */
const idlePool = fp(async (app) => void (await app.register(fastifyPostgres, {})), { name: 'postgres' })

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

t.test('a start that blocked the event loop refuses no request afterwards', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(idlePool)
  await app.register(overload, {})
  app.get('/', async () => 'welcome')
  block(2100)
  await app.ready()
  await nextTurn()
  await nextTurn()
  const reply = await app.inject('/')
  t.equal(reply.statusCode, 200)
  t.equal(reply.body, 'welcome')
})
