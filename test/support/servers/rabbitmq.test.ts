import { once } from 'node:events'
import { connect } from 'amqplib'
import t from 'tap'
import { createFolder } from './guard.ts'
import { needsOwn } from './needs.ts'
import { descendants, isAlive } from './process-tree.ts'
import { startRabbitmq } from './rabbitmq.ts'

t.test('a private RabbitMQ', needsOwn('rabbitmq'), async (t) => {
  createFolder('any') // the guard is there before, and stays
  const before = descendants(process.pid)
  const rabbitmq = await startRabbitmq()
  t.teardown(() => rabbitmq.stop())
  const started = descendants(process.pid).filter((pid) => !before.includes(pid))
  const queue = rabbitmq.queueName()

  await t.test('carries a message through a quorum queue', async (t) => {
    const connection = await connect(rabbitmq.url)
    t.teardown(() => connection.close())
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })

    channel.sendToQueue(queue, Buffer.from('hello'), { persistent: true })
    await channel.waitForConfirms()
    const message = await new Promise<string>((resolve) =>
      channel.consume(queue, (message) => resolve(String(message?.content)), { noAck: true })
    )

    t.equal(message, 'hello')
  })

  await t.test('runs commands', async (t) => {
    t.match(await rabbitmq.rabbitmqctl(['list_queues', 'name', 'type', '--quiet']), `${queue}\tquorum`)
  })

  await t.test('is as new after a wipe, on the same port', async (t) => {
    const url = rabbitmq.url
    await rabbitmq.wipe()

    const connection = await connect(url)
    t.teardown(() => connection.close())
    const channel = await connection.createChannel()
    const closed = once(channel, 'error')
    await t.rejects(channel.checkQueue(queue), { code: 404 })
    await closed
  })

  await t.test('leaves nothing running when it is stopped, its port mapper included', async (t) => {
    await rabbitmq.stop()

    t.ok(started.length > 2)
    t.strictSame(
      started.concat(descendants(process.pid)).filter((pid) => !before.includes(pid) && isAlive(pid)),
      []
    )
  })
})
