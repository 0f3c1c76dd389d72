import { connect } from 'amqplib'
import t, { type Test } from 'tap'
import { deadQueue } from '../../lib/rabbitmq/topology.ts'
import { asyncprod } from '../support/cli.ts'
import { needsServices } from '../support/servers/needs.ts'
import { freePort } from '../support/servers/port.ts'
import { sharedRabbitmq } from '../support/servers/shared.ts'

/** A queue with one dead letter, and how to look at both. */
async function withDeadLetter(t: Test) {
  const server = await sharedRabbitmq(t)
  const queue = server.queueName()
  const connection = await connect(server.url)
  t.teardown(() => connection.close())
  const channel = await connection.createConfirmChannel()
  const arguments_ = { 'x-queue-type': 'quorum' }
  await channel.assertQueue(queue, { durable: true })
  await channel.assertQueue(deadQueue(queue), { durable: true, arguments: arguments_ })
  channel.sendToQueue(deadQueue(queue), Buffer.from('{}'), { messageId: 'one', persistent: true })
  await channel.waitForConfirms()
  const settings = { RABBITMQ_URL: server.url, RABBITMQ_IMAGE_QUEUE: queue }
  return { channel, queue, settings }
}

t.test('replay moves a dead letter to the image queue', needsServices, async (t) => {
  const { channel, queue, settings } = await withDeadLetter(t)
  t.match(await asyncprod(['dead', 'list'], settings), { code: 0, stdout: 'one' })
  t.match(await asyncprod(['dead', 'replay', 'one'], settings), { code: 0, stdout: /: 1\n$/ })
  t.match(await channel.get(queue, { noAck: true }), { properties: { messageId: 'one' } })
  t.equal(await channel.get(deadQueue(queue)), false)
})

t.test('replay keeps a dead letter that no queue takes', needsServices, async (t) => {
  const { channel, queue, settings } = await withDeadLetter(t)
  await channel.deleteQueue(queue)
  const replay = await asyncprod(['dead', 'replay', '--all'], settings)
  t.match(replay, { code: 1, stderr: queue })
  t.match(await channel.get(deadQueue(queue), { noAck: true }), { properties: { messageId: 'one' } })
})

t.test('any node of a cluster will do', needsServices, async (t) => {
  const { settings } = await withDeadLetter(t)
  const RABBITMQ_URL = `amqp://127.0.0.1:${await freePort()},${settings.RABBITMQ_URL}`
  t.match(await asyncprod(['dead', 'replay', 'one'], { ...settings, RABBITMQ_URL }), {
    code: 0,
    stdout: /: 1\n$/
  })
})
