import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildTestApp } from '../../support/app.ts'
import { needsServices } from '../../support/servers/needs.ts'
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
