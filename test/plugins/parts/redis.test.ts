import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { administrator, usable } from '../../support/cache.ts'
import { needsOwn, needsServices } from '../../support/servers/needs.ts'
import { startRedis } from '../../support/servers/redis.ts'
import { sharedPostgres } from '../../support/servers/shared.ts'

const nameOf = async (app: FastifyInstance, id: number) =>
  (await app.inject(`/api/v1/products/${id}`)).json().product_name

t.test(
  'processes that share a database and no Redis read what another one has written',
  needsServices,
  async (t) => {
    const DATABASE_URL = await (await sharedPostgres(t)).createDatabase()
    const one = await buildTestApp(t, { DATABASE_URL })
    const other = await buildTestApp(t, { DATABASE_URL })
    const id = await one.products.create({ user_id: 1, product_name: 'Lamp', product_price: 1 })
    t.equal(await nameOf(other, id), 'Lamp')
    const payload = { user_id: 1, product_name: 'Chair', product_price: 1 }
    await one.inject({ method: 'PUT', url: `/api/v1/products/${id}`, payload })
    t.equal(await nameOf(other, id), 'Chair')
    t.strictSame((await other.inject('/redis-health')).json(), { status: 'healthy', redis: 'embedded' })
  }
)

t.test('two processes with one Redis', { ...needsServices, ...needsOwn('redis') }, async (t) => {
  const server = await startRedis()
  t.teardown(() => server.stop())
  const DATABASE_URL = await (await sharedPostgres(t)).createDatabase()
  const settings = { DATABASE_URL, REDIS_URL: server.url }
  const [one, other] = [await buildTestApp(t, settings), await buildTestApp(t, settings)]
  const admin = await administrator(t, server.url)
  const id = await one.products.create({ user_id: 1, product_name: 'Lamp', product_price: 1 })
  const rename = async (product_name: string) => {
    const payload = { user_id: 1, product_name, product_price: 1 }
    await one.inject({ method: 'PUT', url: `/api/v1/products/${id}`, payload })
  }
  const names = async () => {
    await usable(one.cache, other.cache)
    return [await nameOf(one, id), await nameOf(other, id)]
  }

  t.test('neither serves what a restart from a snapshot brings back', async (t) => {
    for (let read = 0; read < 3; read++) t.strictSame(await names(), ['Lamp', 'Lamp'])
    await admin.save()
    await rename('Chair')
    await server.kill()
    await server.restart({ keepsSnapshot: true })
    t.strictSame(await names(), ['Chair', 'Chair'])
  })

  t.test('a Redis that became a replica is unhealthy, until it is a master again', async (t) => {
    await admin.replicaof('127.0.0.1', '1')
    await rename('Table')
    t.strictSame([await nameOf(one, id), await nameOf(other, id)], ['Table', 'Table'])
    t.equal((await one.inject('/redis-health')).statusCode, 503)
    await admin.replicaof('NO', 'ONE')
    t.strictSame(await names(), ['Table', 'Table'])
    t.equal((await one.inject('/redis-health')).statusCode, 200)
  })
})
