import t from 'tap'
import { DeadLetters } from '../../../lib/rabbitmq/dead-letters.ts'
import { needsServices } from '../../support/servers/needs.ts'
import { sharedRabbitmq } from '../../support/servers/shared.ts'
import { createTcpProxy } from '../../support/tcp-proxy.ts'
import { message, openBroker } from './open-broker.ts'

/** RabbitMQ's limit of deliveries, where a queue is declared without one. */
const DEFAULT_LIMIT = 20

t.test(
  'a message that can never be handled becomes a dead letter, which stays however often it is listed',
  needsServices,
  async (t) => {
    const server = await sharedRabbitmq(t)
    const queue = server.queueName()
    const { broker } = await openBroker(t, { urls: [server.url], queue })
    await broker.consume(1, async () => ({ settle: 'requeue' }))
    await broker.publish(message, 'poison')
    while ((await broker.deadLetters()) === 0) await new Promise((resolve) => setTimeout(resolve, 50))

    const list = async () => {
      const letters = await DeadLetters.open({ urls: [server.url], queue })
      return await letters.list(10).finally(() => letters.close())
    }
    for (let times = 0; times <= DEFAULT_LIMIT; times++) await list()
    const [letter, ...others] = await list()
    t.match(letter, { id: 'poison', reason: 'delivery_limit', body: JSON.stringify(message) })
    t.ok(Date.parse(letter?.since ?? ''), 'RabbitMQ has said when')
    t.strictSame(others, [])
  }
)

t.test('what was just listed can be purged', needsServices, async (t) => {
  const server = await sharedRabbitmq(t)
  const queue = server.queueName()
  const { broker } = await openBroker(t, { urls: [server.url], queue })
  const ids = Array.from({ length: 20 }, (_, index) => `${index}`)
  await broker.consume(ids.length, async () => ({ settle: 'dead', reason: 'no JSON' }))
  const open = () => DeadLetters.open({ urls: [server.url], queue })
  for (let times = 0; times < 20; times++) {
    await Promise.all(ids.map((id) => broker.publish(message, id)))
    while ((await broker.deadLetters()) < ids.length);
    const [reader, purger] = [await open(), await open()]
    t.equal((await reader.list(ids.length)).length, ids.length)
    await reader.close()
    t.equal(await purger.purge(() => true), ids.length)
    await purger.close()
  }
})

t.test('a purge misses nothing that someone else reads at that time', needsServices, async (t) => {
  const server = await sharedRabbitmq(t)
  const queue = server.queueName()
  const { broker } = await openBroker(t, { urls: [server.url], queue })
  await broker.consume(1, async () => ({ settle: 'dead', reason: 'no JSON' }))
  const open = () => DeadLetters.open({ urls: [server.url], queue })
  const [reader, purger] = [await open(), await open()]
  for (let times = 0; times < 20; times++) {
    await broker.publish(message, 'dead')
    while ((await broker.deadLetters()) === 0);
    const purged = Promise.withResolvers<number>()
    await reader.purge(() => {
      purger.purge(() => true).then(purged.resolve, purged.reject)
      return false
    })
    t.equal(await purged.promise, 1)
  }
  await Promise.all([reader.close(), purger.close()])
})

t.test('a connection that is lost refuses the call, and ends nothing else', needsServices, async (t) => {
  const server = await sharedRabbitmq(t)
  const queue = server.queueName()
  const { broker } = await openBroker(t, { urls: [server.url], queue })
  await broker.consume(1, async () => ({ settle: 'dead', reason: 'no JSON' }))
  await broker.publish(message, 'dead')
  while ((await broker.deadLetters()) === 0);
  const proxy = await createTcpProxy(server.url)
  t.teardown(() => proxy.close())
  await proxy.open()
  const letters = await DeadLetters.open({ urls: [proxy.url], queue })
  const lost = letters.purge(() => {
    void proxy.close()
    return true
  })
  await t.rejects(lost)
  await t.rejects(letters.close())
})

t.test('without their queue there are no dead letters', needsServices, async (t) => {
  const server = await sharedRabbitmq(t)
  const letters = await DeadLetters.open({ urls: [server.url], queue: server.queueName() })
  t.strictSame(await letters.list(10), [])
  await letters.close()
})
