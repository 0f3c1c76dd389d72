import type { ConsumeMessage } from 'amqplib'
import t, { type Test } from 'tap'
import { deadQueue } from '../../../lib/rabbitmq/topology.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedRabbitmq } from '../../support/servers/shared.ts'
import { collect, message, openBroker, openChannel, untilPublished } from './open-broker.ts'

t.test('on a shared server', needsServices, async (t) => {
  const server = await sharedRabbitmq(t)
  const open = (t: Test, queue = server.queueName()) => openBroker(t, { urls: [server.url], queue })

  t.test('no more than the prefetch is delivered at once', async (t) => {
    const { broker } = await open(t)
    for (let i = 0; i < 5; i++) await broker.publish(message, `m${i}`)
    const go = Promise.withResolvers<void>()
    const two = Promise.withResolvers<void>()
    const all = Promise.withResolvers<void>()
    let running = 0
    let most = 0
    let ended = 0
    await broker.consume(2, async () => {
      most = Math.max(most, ++running)
      if (running === 2) two.resolve()
      await go.promise
      running--
      if (++ended === 5) all.resolve()
      return { settle: 'ack' }
    })
    await two.promise
    go.resolve()
    await all.promise
    t.equal(most, 2)
  })

  t.test(
    'a message that cannot be processed is dead-lettered with its reason, and blocks no other',
    async (t) => {
      const { broker } = await open(t)
      const channel = await openChannel(t, server.url)
      const deadLetter = Promise.withResolvers<ConsumeMessage | null>()
      await channel.consume(deadQueue(broker.queue), deadLetter.resolve, { noAck: true })
      channel.sendToQueue(broker.queue, Buffer.from('no JSON'), {
        messageId: 'poison',
        headers: { from: 'afar' }
      })
      await channel.waitForConfirms()
      await broker.publish(message, 'good')
      const good = Promise.withResolvers<void>()
      await broker.consume(1, async ({ properties }) => {
        if (properties.messageId === 'poison') return { settle: 'dead', reason: 'it is no JSON' }
        good.resolve()
        return { settle: 'ack' }
      })
      const [dead] = await Promise.all([deadLetter.promise, good.promise])
      t.equal(String(dead?.content), 'no JSON')
      t.match(dead?.properties, {
        messageId: 'poison',
        headers: { from: 'afar', 'x-reason': 'it is no JSON' }
      })
    }
  )

  t.test('a dead letter that cannot be put aside goes back to the queue', async (t) => {
    const { broker } = await open(t)
    const channel = await openChannel(t, server.url)
    await broker.publish(message, 'poison')
    const second = Promise.withResolvers<void>()
    let deliveries = 0
    await broker.consume(1, async () => {
      if (++deliveries === 1) await channel.deleteQueue(deadQueue(broker.queue))
      else second.resolve()
      return { settle: 'dead', reason: 'poison' }
    })
    await second.promise
    t.pass('it was delivered again')
  })

  t.test('a message whose handler rejects is delivered again', async (t) => {
    const { broker, log } = await open(t)
    await broker.publish(message, 'again')
    const second = Promise.withResolvers<boolean>()
    let deliveries = 0
    await broker.consume(1, async ({ fields }) => {
      if (++deliveries === 1) throw new Error('the database is away')
      second.resolve(fields.redelivered)
      return { settle: 'ack' }
    })
    t.equal(await second.promise, true)
    t.match(await log.said(/could not be handled/), { level: 'error' })
  })

  for (const type of ['quorum', 'classic']) {
    t.test(`a ${type} queue says of a message that it comes again, whatever its headers say`, async (t) => {
      const queue = server.queueName()
      const channel = await openChannel(t, server.url)
      if (type === 'classic') await channel.assertQueue(queue, { durable: true })
      const { broker } = await open(t, queue)
      await broker.publish(message, 'forged', {
        'x-delivery-count': 10,
        'x-deliveries': 10,
        redelivered: true
      })
      const said: boolean[] = []
      const third = Promise.withResolvers<void>()
      await broker.consume(1, async ({ fields }) => {
        if (said.push(fields.redelivered) < 3) return { settle: 'requeue' }
        third.resolve()
        return { settle: 'ack' }
      })
      await third.promise
      t.same(said, [false, true, true])
    })
  }

  t.test('a consumer whose queue was deleted is back on a new one', async (t) => {
    const { broker } = await open(t)
    const { handle, seenAtLeast } = collect()
    await broker.consume(1, handle)
    const channel = await openChannel(t, server.url)
    await channel.deleteQueue(broker.queue)
    await untilPublished(broker, 'after')
    await seenAtLeast(1)
    t.pass('it was delivered')
  })

  t.test('after cancel nothing more is taken, and a running message can still be settled', async (t) => {
    const { broker } = await open(t)
    const go = Promise.withResolvers<void>()
    const taken = Promise.withResolvers<void>()
    let handled = 0
    await broker.consume(1, async () => {
      handled++
      taken.resolve()
      await go.promise
      return { settle: 'ack' }
    })
    await broker.publish(message, 'running')
    await taken.promise
    await broker.cancel()
    await broker.publish(message, 'too late')
    go.resolve()
    await broker.close()
    const channel = await openChannel(t, server.url)
    const left = await channel.get(broker.queue, { noAck: true })
    t.same({ handled, left: left ? left.properties.messageId : false }, { handled: 1, left: 'too late' })
    t.equal(await channel.get(broker.queue), false)
  })

  t.test('after cancel messages are consumed again, while one of before is still handled', async (t) => {
    const { broker } = await open(t)
    const go = Promise.withResolvers<void>()
    const taken = Promise.withResolvers<void>()
    await broker.consume(1, async () => {
      taken.resolve()
      await go.promise
      return { settle: 'ack' }
    })
    await broker.publish(message, 'before')
    await taken.promise
    await broker.cancel()
    await broker.publish(message, 'after')
    const { handle, seenAtLeast } = collect()
    await broker.consume(1, handle)
    await seenAtLeast(1)
    go.resolve()
    await broker.close()
    const channel = await openChannel(t, server.url)
    t.equal(await channel.get(broker.queue), false, 'both are settled')
  })

  t.test('close waits until a dead letter is put aside', async (t) => {
    const { broker } = await open(t)
    const taken = Promise.withResolvers<void>()
    await broker.consume(1, async () => {
      taken.resolve()
      return { settle: 'dead', reason: 'poison' }
    })
    await broker.publish(message, 'poison')
    await taken.promise
    await broker.close()
    const channel = await openChannel(t, server.url)
    t.ok(await channel.get(deadQueue(broker.queue), { noAck: true }))
    t.equal(await channel.get(broker.queue), false)
  })
})
