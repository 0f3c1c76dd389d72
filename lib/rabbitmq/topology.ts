import type { ChannelModel } from 'amqplib'
import type { Log } from '../log/log.ts'
import { ACCESS_REFUSED, codeOf, onChannel, PRECONDITION_FAILED } from './channel.ts'

/** After this many deliveries, RabbitMQ moves a message to the dead-letter queue. */
const DELIVERY_LIMIT = 20

/** Listing dead letters delivers them, and RabbitMQ 4 discards messages after 20 deliveries by default. */
const NO_DELIVERY_LIMIT = 2 ** 31 - 1

/** The queue for messages that cannot be processed. */
export const deadQueue = (queue: string) => `${queue}.dead`

/** The image queue and its dead letters, both quorum queues. */
export class Topology {
  readonly queue: string
  readonly #log: Log
  #hasWarned = false

  constructor(queue: string, log: Log) {
    this.queue = queue
    this.#log = log
  }

  /**
   * Declares both queues. One that exists with other arguments, as the Go service declares it, is used as it
   * is, and so are queues that the user may not declare.
   */
  async declare(connection: ChannelModel): Promise<void> {
    await declare(connection, deadQueue(this.queue), {
      'x-queue-type': 'quorum',
      'x-delivery-limit': NO_DELIVERY_LIMIT
    })
    const isOurs = await declare(connection, this.queue, {
      'x-queue-type': 'quorum',
      'x-delivery-limit': DELIVERY_LIMIT,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': deadQueue(this.queue)
    })
    if (isOurs || this.#hasWarned) return
    this.#hasWarned = true
    this.#log.warn(
      { queue: this.queue },
      'The queue exists with other arguments and is used as it is; delete it while it is empty to get a quorum queue with dead letters'
    )
  }
}

/** Resolves with false if the queue exists with other arguments. */
async function declare(connection: ChannelModel, queue: string, args: object): Promise<boolean> {
  try {
    await onChannel(connection, (channel) => channel.assertQueue(queue, { durable: true, arguments: args }))
    return true
  } catch (error) {
    if (codeOf(error) === PRECONDITION_FAILED) return false
    if (codeOf(error) !== ACCESS_REFUSED) throw error
    await onChannel(connection, (channel) => channel.checkQueue(queue)).catch(() => Promise.reject(error))
    return true
  }
}
