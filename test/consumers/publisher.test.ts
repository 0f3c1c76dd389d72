import { connect } from 'amqplib'
import t from 'tap'
import { buildTestApp } from '../support/app.ts'
import { rowsLeft } from '../support/outbox.ts'
import { needsServices } from '../support/servers/needs.ts'
import { settingsOn } from '../support/servers/settings.ts'
import { services } from '../support/servers/shared.ts'

const PRODUCTS = 300
const SHALLOW = 16

for (const type of ['quorum', 'classic']) {
  t.test(`a ${type} queue is kept shallow, and users take turns in it`, needsServices, async (t) => {
    const servers = await services(t)
    if (!servers) throw new Error('needs services')
    const settings: Record<string, string> = { ...(await settingsOn(servers)), ROLE: 'api' }
    const connection = await connect(servers.rabbitmq.url)
    t.teardown(() => connection.close())
    const channel = await connection.createChannel()
    const queue = settings.RABBITMQ_IMAGE_QUEUE ?? ''
    if (type === 'classic') await channel.assertQueue(queue, { durable: true })
    const app = await buildTestApp(t, settings)

    const create = (user_id: number) =>
      app.products.create({
        user_id,
        product_name: 'Lamp',
        product_price: 1,
        product_images: ['http://a.test/1.jpg']
      })
    await Promise.all(Array.from({ length: PRODUCTS }, () => create(1)))
    const { user_id } = (
      await app.inject({ method: 'POST', url: '/api/v1/users', payload: { username: 'B' } })
    ).json()
    const product = await create(user_id)
    const waiting = (await rowsLeft(app.pg.pool)).length
    t.ok(waiting > PRODUCTS - SHALLOW, `${waiting} rows wait in the outbox`)
    const depth = await app.broker?.depth()
    t.ok(depth !== undefined && depth < SHALLOW, `${depth} messages wait in the queue`)

    const products: number[] = []
    const all = Promise.withResolvers<void>()
    await channel.prefetch(1)
    await channel.consume(queue, (message) => {
      if (!message) return
      products.push(JSON.parse(message.content.toString()).product_id)
      channel.ack(message)
      if (new Set(products).size > PRODUCTS) all.resolve()
    })
    await all.promise
    t.ok(
      products.indexOf(product) < SHALLOW,
      `the other user's product is number ${products.indexOf(product)}`
    )
  })
}
