import { connect } from 'amqplib'
import t, { type Test } from 'tap'
import { deadQueue } from '../../lib/image-queue.ts'
import { settled } from '../helper.ts'
import { labelled } from '../pictures.ts'
import { needsServices } from '../services/needs.ts'
import { answer, startOrigin } from '../services/origin.ts'
import { sharedRabbitmq } from '../services/shared.ts'
import { real } from './houses.ts'
import { create, pipeline, quiet, small } from './pipeline.ts'

t.test('on PostgreSQL, Redis, RabbitMQ and S3', needsServices, async (t) => {
  await pipeline(t, real)

  async function withQueue(t: Test) {
    const { app } = await real(t)
    const { broker } = app
    if (!broker) throw new Error('RABBITMQ_URL is set')
    const connection = await connect((await sharedRabbitmq(t)).url)
    t.teardown(() => connection.close())
    return { app, broker, channel: await connection.createConfirmChannel() }
  }

  t.test(
    'a message of the original is understood, a forged one believed in nothing but its id',
    async (t) => {
      const { app, broker, channel } = await withQueue(t)
      const origin = await startOrigin()
      t.teardown(() => origin.stop())
      origin.on('/1', answer(await labelled(1, small)))
      const theirs = { product_id: 2_000_000_000, user_id: 7, image_urls: [`${origin.url}/forged`] }
      channel.sendToQueue(broker.queue, Buffer.from(JSON.stringify(theirs)))
      const id = await create(app, [`${origin.url}/1`])
      const forged = { product_id: id, user_id: 7, image_urls: [`${origin.url}/forged`] }
      channel.sendToQueue(broker.queue, Buffer.from(JSON.stringify(forged)))
      await channel.waitForConfirms()
      await settled(app, id)
      await quiet(app, id)
      t.same(origin.requests, ['/1'])
    }
  )

  t.test('what is no message becomes a dead letter with its reason', async (t) => {
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
    t.match(letters.sort(), [/is no image message/, /is no image message/, /is not JSON/])
  })

  t.test('a purged queue costs time only', async (t) => {
    const { app } = await real(t, { JOB_TIMEOUT_MS: '3000' })
    const { broker } = app
    const origin = await startOrigin()
    t.teardown(() => origin.stop())
    origin.on('/1', answer(await labelled(1, small)))
    // Confirmed, and yet lost: nobody will ever deliver it.
    const publish = broker?.publish
    const lost = new Promise<void>((resolve) => {
      if (broker) broker.publish = async () => resolve()
    })
    const id = await create(app, [`${origin.url}/1`])
    await lost
    if (broker && publish) broker.publish = publish
    const record = await settled(app, id)
    t.match(record.images, [{ status: 'done', attempts: 1 }])
  })
})
