import { type ChannelModel, connect } from 'amqplib'
import t from 'tap'
import { needsOwn } from './needs.ts'
import { startRabbitmq } from './rabbitmq.ts'

t.test(
  'a cluster keeps what it confirmed while one of its three nodes is dead',
  needsOwn('rabbitmq'),
  async (t) => {
    const rabbitmq = await startRabbitmq({ nodes: 3 })
    t.teardown(() => rabbitmq.stop())
    const [first, second, third] = rabbitmq.nodes
    if (!first || !second || !third) throw new Error('A cluster of three has three nodes')
    const queue = rabbitmq.queueName()

    const declarer = await connect(first.url)
    declarer.on('error', () => {}) // it dies with its node
    const declaring = await declarer.createChannel()
    await declaring.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    t.ok(await publish(declarer, queue, 'before the kill'))

    // the queue was declared on the first node, where its leader is
    await first.kill()

    const survivor = await connect(second.url)
    t.teardown(() => survivor.close())
    while (!(await publish(survivor, queue, 'after the kill'))); // until the survivors have chosen a leader
    const messages: string[] = []
    const channel = await survivor.createChannel()
    await new Promise<void>((resolve) => {
      channel.consume(queue, (message) => {
        messages.push(String(message?.content))
        if (message) channel.ack(message)
        if (messages.length === 2) resolve()
      })
    })
    t.strictSame(messages, ['before the kill', 'after the kill'])

    await first.start()

    const status: { running_nodes: string[] } = JSON.parse(
      await rabbitmq.rabbitmqctl(['cluster_status', '--formatter=json'])
    )
    t.strictSame(status.running_nodes.sort(), [first.name, second.name, third.name].sort())
  }
)

/**
 * Whether the broker confirmed it. A channel of its own each time: one that first meets a quorum queue
 * while that has no leader nacks for ever (3.10).
 */
async function publish(connection: ChannelModel, queue: string, text: string): Promise<boolean> {
  const channel = await connection.createConfirmChannel()
  const confirmed = await new Promise<boolean>((resolve) => {
    channel.sendToQueue(queue, Buffer.from(text), { persistent: true }, (error) => resolve(!error))
  })
  await channel.close()
  return confirmed
}
