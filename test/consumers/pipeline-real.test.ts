import { connect } from 'amqplib'
import t, { type Test } from 'tap'
import { deadQueue } from '../../lib/rabbitmq/topology.ts'
import { settled } from '../support/app.ts'
import { respond, startOrigin } from '../support/http/origin.ts'
import { labelled } from '../support/pictures/pictures.ts'
import { needsServices } from '../support/servers/needs.ts'
import { sharedRabbitmq } from '../support/servers/shared.ts'
import { create, quiet, small, until } from './pipeline/scene.ts'
import { pipeline } from './pipeline.ts'
import { real } from './services-under-test.ts'

t.test('on PostgreSQL, Redis, RabbitMQ and S3', needsServices, async (t) => {
  await pipeline(t, real)

  async function withQueue(t: Test, type = 'quorum') {
    const server = await sharedRabbitmq(t)
    const connection = await connect(server.url)
    t.teardown(() => connection.close())
    const channel = await connection.createConfirmChannel()
    const queue = server.queueName()
    if (type === 'classic') await channel.assertQueue(queue, { durable: true })
    const { app } = await real(t, { RABBITMQ_IMAGE_QUEUE: queue })
    const { broker } = app
    if (!broker) throw new Error('RABBITMQ_URL is set')
    return { app, broker, channel }
  }

  t.test('a message of the Go service is understood; of a forged one only the id is used', async (t) => {
    const { app, broker, channel } = await withQueue(t)
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    origin.on('/1', respond(await labelled(1, small)))
    const theirs = { product_id: 2_000_000_000, user_id: 7, image_urls: [`${origin.url}/forged`] }
    channel.sendToQueue(broker.queue, Buffer.from(JSON.stringify(theirs)))
    const id = await create(app, [`${origin.url}/1`])
    const forged = { product_id: id, user_id: 7, image_urls: [`${origin.url}/forged`] }
    channel.sendToQueue(broker.queue, Buffer.from(JSON.stringify(forged)))
    await channel.waitForConfirms()
    await settled(app, id)
    await quiet(app, id)
    t.same(origin.requests, ['/1'])
  })

  const types = ['quorum', 'classic']
  for (const type of types) {
    t.test(`a ${type} queue's message that says it was delivered often fails no image`, async (t) => {
      const { app, broker, channel } = await withQueue(t, type)
      const asked = Promise.withResolvers<void>()
      const go = Promise.withResolvers<void>()
      const origin = await startOrigin()
      t.teardown(() => origin.stop())
      const picture = respond(await labelled(1, small))
      origin.on('/1', async (request, response) => {
        asked.resolve()
        await go.promise
        picture(request, response)
      })
      const id = await create(app, [`${origin.url}/1`])
      await asked.promise
      const forged = JSON.stringify({ product_id: id, user_id: 1, image_urls: [] })
      const headers = { 'x-delivery-count': 10, 'x-deliveries': 10 }
      channel.sendToQueue(broker.queue, Buffer.from(forged), { headers })
      await channel.waitForConfirms()
      await quiet(app, id)
      t.match((await app.products.load(id))?.images, [{ status: 'pending', attempts: 0 }])
      go.resolve()
      t.match((await settled(app, id)).images, [{ status: 'done', attempts: 1 }])
      t.equal((await channel.checkQueue(deadQueue(broker.queue))).messageCount, 0)
    })
  }

  t.test('a valid message with a field `reason` is processed, not dead-lettered', async (t) => {
    const { app, broker, channel } = await withQueue(t)
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    origin.on('/1', respond(await labelled(1, small)))
    const id = await create(app, [])
    await app.pg.query(
      `UPDATE products SET product_images = ARRAY[$2], version = version + 1 WHERE id = $1`,
      [id, `${origin.url}/1`]
    )
    await app.pg.query('INSERT INTO product_images (product_id, source_url) VALUES ($1, $2)', [
      id,
      `${origin.url}/1`
    ])
    const message = { product_id: id, user_id: 1, image_urls: [], reason: 'price changed' }
    const dead = Promise.withResolvers<string>()
    await channel.consume(deadQueue(broker.queue), () => dead.resolve('dead-lettered'))
    channel.sendToQueue(broker.queue, Buffer.from(JSON.stringify(message)))
    const done = until(app, id, ({ images }) => images[0]?.status === 'done').then(() => 'done')
    t.equal(await Promise.race([done, dead.promise]), 'done')
  })

  t.test('a body that is no message becomes a dead letter with its reason', async (t) => {
    const { broker, channel } = await withQueue(t)
    const letters: unknown[] = []
    const three = Promise.withResolvers<void>()
    await channel.consume(deadQueue(broker.queue), (message) => {
      letters.push(message?.properties.headers?.['x-reason'])
      if (letters.length === 3) three.resolve()
    })
    for (const body of ['', '{"product_id":"1","user_id":1,"image_urls":[]}', 'null'])
      channel.sendToQueue(broker.queue, Buffer.from(body))
    await three.promise
    t.match(letters.sort(), [/is not JSON/, /is not an image message/, /is not an image message/])
  })

  t.test('a purged queue costs time only', async (t) => {
    const { app } = await real(t)
    const { broker } = app
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    origin.on('/1', respond(await labelled(1, small)))
    // Confirmed, and yet lost: nobody will ever deliver it.
    const publish = broker?.publish
    const lost = new Promise<void>((resolve) => {
      if (broker) broker.publish = async () => resolve()
    })
    const id = await create(app, [`${origin.url}/1`])
    await lost
    if (broker && publish) broker.publish = publish
    // The sweep takes it for lost once its outbox row is gone.
    while ((await app.products.background.sweep(-1000, 1000)) === 0);
    const record = await settled(app, id)
    t.match(record.images, [{ status: 'done', attempts: 1 }])
  })
})
