import { once } from 'node:events'
import type { ConsumeMessage } from 'amqplib'
import t, { type Test } from 'tap'
import { Broker } from '../../../lib/rabbitmq/broker.ts'
import { deadQueue } from '../../../lib/rabbitmq/topology.ts'
import { createLog } from '../../support/log.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { freePort } from '../../support/servers/port.ts'
import { sharedRabbitmq } from '../../support/servers/shared.ts'
import { collect, message, openBroker, openChannel } from './open-broker.ts'

t.test('on a shared server', needsServices, async (t) => {
  const server = await sharedRabbitmq(t)
  const open = (t: Test, queue = server.queueName()) => openBroker(t, { urls: [server.url], queue })

  t.test('a published message is persistent JSON with its id, in a quorum queue', async (t) => {
    const { broker } = await open(t)
    const channel = await openChannel(t, server.url)
    await broker.publish(message, 'first')
    const got = await channel.get(broker.queue, { noAck: true })
    if (!got) return void t.fail('the queue is empty although the publish was confirmed')
    const { deliveryMode, contentType, messageId } = got.properties
    t.same(
      { deliveryMode, contentType, messageId, body: JSON.parse(String(got.content)) },
      { deliveryMode: 2, contentType: 'application/json', messageId: 'first', body: message }
    )
    const asked = {
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 2_147_483_647 }
    }
    await t.resolves(channel.assertQueue(deadQueue(broker.queue), asked), 'letters are not discarded')
  })

  t.test('a message without a queue is rejected, and the queue is declared again', async (t) => {
    const { broker } = await open(t)
    const channel = await openChannel(t, server.url)
    await channel.deleteQueue(broker.queue)
    const again = once(broker, 'connect')
    await t.rejects(broker.publish(message, 'lost'), { message: /has no queue/ })
    await again
    await broker.publish(message, 'lost')
    t.equal(await broker.depth(), 1)
  })

  t.test('many messages without a queue cost one connection, not one each', async (t) => {
    const { broker, log } = await open(t)
    const channel = await openChannel(t, server.url)
    await channel.deleteQueue(broker.queue)
    const again = once(broker, 'connect')
    const published = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => broker.publish(message, `m${i}`))
    )
    t.same([...new Set(published.map(({ status }) => status))], ['rejected'])
    await again
    await broker.publish(message, 'after')
    t.equal(log.lines.filter((line) => /connection to RabbitMQ is lost/.test(line.message)).length, 1)
    t.equal(await broker.depth(), 1)
  })

  t.test(
    'after a refusal the next messages go over another channel, and running ones keep theirs',
    async (t) => {
      const queue = server.queueName()
      const channel = await openChannel(t, server.url)
      const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' }
      await channel.assertQueue(queue, { durable: true, arguments: full })
      const { broker, log } = await open(t, queue)
      const go = Promise.withResolvers<void>()
      const taken = Promise.withResolvers<void>()
      const ids: string[] = []
      await broker.consume(1, async ({ properties }) => {
        ids.push(properties.messageId)
        taken.resolve()
        await go.promise
        return { settle: 'ack' }
      })
      await broker.publish(message, 'running')
      await taken.promise
      await broker.publish(message, 'waiting')
      const again = once(broker, 'connect')
      const refused = await Promise.allSettled(['a', 'b'].map((id) => broker.publish(message, id)))
      t.same([...new Set(refused.map(({ status }) => status))], ['rejected'])
      t.equal(broker.connected, false)
      await again
      await channel.purgeQueue(queue)
      await broker.publish(message, 'after')
      go.resolve()
      await broker.close()
      const lines = log.lines.map((line) => line.message)
      t.equal(lines.filter((line) => /did not take a message/.test(line)).length, 1)
      t.notOk(lines.some((line) => /is lost/.test(line)))
      t.same(ids, ['running'])
    }
  )

  t.test('a classic queue that is already there is used as it is, with a warning', async (t) => {
    const queue = server.queueName()
    const channel = await openChannel(t, server.url)
    await channel.assertQueue(queue, { durable: true })
    const { broker, log } = await open(t, queue)
    t.match(await log.said(/exists with other arguments/), { level: 'warn', details: { queue } })
    await broker.publish(message, 'classic')
    const { handle, seenAtLeast } = collect()
    await broker.consume(1, handle)
    await seenAtLeast(1)
    t.equal(log.lines.filter((line) => /other arguments/.test(line.message)).length, 1)
  })

  t.test('dead letters go to a queue that an earlier version declared', async (t) => {
    const queue = server.queueName()
    const channel = await openChannel(t, server.url)
    await channel.assertQueue(deadQueue(queue), { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    const { broker, log } = await open(t, queue)
    const buried = Promise.withResolvers<ConsumeMessage | null>()
    await channel.consume(deadQueue(queue), buried.resolve, { noAck: true })
    await broker.consume(1, async () => ({ settle: 'dead', reason: 'it is broken' }))
    channel.sendToQueue(queue, Buffer.from('{}'), { messageId: 'broken' })
    t.equal((await buried.promise)?.properties.messageId, 'broken')
    t.same(
      log.lines.filter(({ message }) => /other arguments/.test(message)),
      []
    )
  })

  t.test('of several servers one that responds is found', async (t) => {
    const away = `amqp://guest:guest@127.0.0.1:${await freePort()}`
    const { broker, log } = await openBroker(t, { urls: [away, server.url], queue: server.queueName() })
    await broker.publish(message, 'found')
    t.equal(await broker.depth(), 1)
    t.match(await log.said(/cannot be used; trying again/), { details: { reason: /ECONNREFUSED/ } })
  })

  t.test('closing at once, and closing twice, does no harm', async (t) => {
    const broker = new Broker({ urls: [server.url], queue: server.queueName(), log: createLog() })
    await broker.close()
    await broker.close()
    t.equal(broker.connected, false)
  })
})
