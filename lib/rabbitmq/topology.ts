import type { ChannelModel } from 'amqplib'

/** The broker's own last word on a message that takes worker after worker down with it. */
const DELIVERY_LIMIT = 20

/** The queue for what nobody can work on. */
export const deadQueue = (queue: string) => `${queue}.dead`

/**
 * Declares the image queue and its dead letters, both quorum queues. Resolves with false when the queue is there with other
 * arguments, as the original AsyncProd declares it: it is used as it is then.
 */
export async function declareImageQueue(connection: ChannelModel, queue: string): Promise<boolean> {
  await declareQueue(connection, deadQueue(queue), { 'x-queue-type': 'quorum' })
  return declareQueue(connection, queue, {
    'x-queue-type': 'quorum',
    'x-delivery-limit': DELIVERY_LIMIT,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': deadQueue(queue)
  })
}

/** A refused declaration closes its channel, so each has its own. */
async function declareQueue(connection: ChannelModel, queue: string, args: object): Promise<boolean> {
  const channel = await connection.createChannel()
  channel.on('error', () => undefined)
  try {
    await channel.assertQueue(queue, { durable: true, arguments: args })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 406) return false
    throw error
  }
  await channel.close()
  return true
}
