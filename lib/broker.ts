import { EventEmitter } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { type AmqpConnectionManager, type ChannelWrapper, connect } from 'amqp-connection-manager'
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import type { Log } from './log.ts'
import type { ImageMessage } from './message.ts'

export interface BrokerOptions {
  /** One or more nodes of a cluster. */
  urls: string[]
  queue: string
  log: Log
}

/** What is to become of a message that was handled. */
export type Verdict = { settle: 'ack' } | { settle: 'requeue' } | { settle: 'dead'; reason: string }

export type MessageHandler = (message: ConsumeMessage) => Promise<Verdict>

const PUBLISH_TIMEOUT_MS = 5000
const RECONNECT_SECONDS = 1
/** What cannot be handled now comes back at once when it is given back. */
const REQUEUE_MS = 1000

/** The broker's own last word on a message that takes worker after worker down with it. */
const DELIVERY_LIMIT = 20

export const deadQueue = (queue: string) => `${queue}.dead`

/**
 * The image queue on RabbitMQ: publishes that are confirmed, deliveries that are settled on the channel they came by, and
 * a queue that is declared again whenever it is gone. Emits `connect` whenever messages can be taken over (again).
 */
export class Broker extends EventEmitter<{ connect: [] }> {
  readonly queue: string
  readonly #manager: AmqpConnectionManager
  readonly #publisher: ChannelWrapper
  readonly #log: Log
  readonly #returned = new Set<string>()
  #consumer: ChannelWrapper | undefined
  #cancelConsumer = async () => {}
  #closing = false
  #warnedAboutArguments = false

  constructor({ urls, queue, log }: BrokerOptions) {
    super()
    this.queue = queue
    this.#log = log
    this.#manager = connect(urls, {
      heartbeatIntervalInSeconds: 5,
      reconnectTimeInSeconds: RECONNECT_SECONDS
    })
    this.#manager.on('connectFailed', ({ err }) =>
      log.warn({ reason: err.message }, 'RabbitMQ cannot be reached; trying again')
    )
    this.#manager.on(
      'disconnect',
      ({ err }) => this.#closing || log.warn({ reason: err.message }, 'The connection to RabbitMQ is lost')
    )
    this.#publisher = this.#openChannel('publisher', async (channel) => {
      channel.on('return', (message: { properties: { messageId?: string } }) => {
        this.#returned.add(message.properties.messageId ?? '')
      })
    })
    this.#publisher.on('connect', () => this.emit('connect'))
  }

  get connected(): boolean {
    return this.#manager.isConnected()
  }

  /** Resolves when messages can be published. */
  async ready(): Promise<void> {
    await this.#publisher.waitForConnect()
  }

  /** Resolves when the broker has the message on disk. Rejects when it cannot be routed or nobody confirms in time. */
  async publish(message: ImageMessage, messageId: string): Promise<void> {
    await this.#send(this.queue, Buffer.from(JSON.stringify(message)), {
      messageId,
      contentType: 'application/json'
    })
  }

  /** Puts a message aside, with the reason why nobody can work on it. */
  async #bury(message: ConsumeMessage, reason: string): Promise<void> {
    const {
      messageId = `dead-${message.fields.deliveryTag}-${Date.now()}`,
      contentType,
      headers
    } = message.properties
    await this.#send(deadQueue(this.queue), message.content, {
      messageId,
      contentType,
      headers: { ...headers, 'x-reason': reason }
    })
  }

  async #send(
    queue: string,
    content: Buffer,
    options: { messageId: string; contentType?: string; headers?: object }
  ): Promise<void> {
    await this.#publisher.sendToQueue(queue, content, {
      ...options,
      persistent: true,
      mandatory: true,
      timeout: PUBLISH_TIMEOUT_MS
    })
    // The broker confirms what it could not route, too; the return comes before the confirm.
    if (this.#returned.delete(options.messageId)) {
      this.#manager.reconnect()
      throw new Error(`RabbitMQ has no queue ${queue}; it is declared again`)
    }
  }

  /** Hands up to `prefetch` messages at once to the handler. */
  async consume(prefetch: number, handle: MessageHandler): Promise<void> {
    this.#consumer = this.#openChannel('consumer', async (channel) => {
      await channel.prefetch(prefetch)
      const { consumerTag } = await channel.consume(this.queue, (message) => {
        if (message) void this.#deliver(channel, message, handle)
        // The broker has cancelled the consumer: its queue was deleted, or moved to another node.
        else if (!this.#closing) this.#manager.reconnect()
      })
      this.#cancelConsumer = async () => void (await channel.cancel(consumerTag))
    })
    await this.#consumer.waitForConnect()
  }

  /** Takes no more messages; those in hand can still be settled. */
  async cancel(): Promise<void> {
    this.#closing = true
    if (this.connected) await this.#cancelConsumer()
  }

  /** Messages that wait in the queue. */
  async depth(): Promise<number> {
    const { messageCount } = await this.#publisher.checkQueue(this.queue)
    return messageCount
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#consumer?.close()
    await this.#publisher.close()
    await this.#manager.close()
  }

  async #deliver(channel: Channel, message: ConsumeMessage, handle: MessageHandler): Promise<void> {
    const verdict = await handle(message).catch(async (error: unknown): Promise<Verdict> => {
      this.#log.error({ err: error }, 'A message could not be handled; it goes back to the queue')
      await wait(REQUEUE_MS)
      return { settle: 'requeue' }
    })
    try {
      if (verdict.settle === 'dead') await this.#bury(message, verdict.reason)
      if (verdict.settle === 'requeue') channel.nack(message, false, true)
      // On the channel that delivered: after a reconnect the tag means another message on the new one.
      else channel.ack(message)
    } catch (error) {
      this.#log.debug({ err: error }, 'A message could not be settled; the broker delivers it again')
    }
  }

  #openChannel(name: string, prepare: (channel: Channel) => Promise<void>): ChannelWrapper {
    const setup = async (channel: Channel) => {
      const { connection } = this.#manager
      if (!connection) throw new Error('the connection to RabbitMQ was lost')
      await this.#declare(connection)
      // amqp-connection-manager opens no new channel for one that closes alone.
      channel.once('close', () => this.#closing || this.#manager.reconnect())
      await prepare(channel)
    }
    const wrapper = this.#manager.createChannel({
      name,
      confirm: true,
      publishTimeout: PUBLISH_TIMEOUT_MS,
      setup
    })
    wrapper.on('error', (err) => {
      this.#log.warn({ reason: err.message }, `The ${name} channel to RabbitMQ failed`)
      if (!this.#closing) setTimeout(() => this.#manager.reconnect(), RECONNECT_SECONDS * 1000).unref()
    })
    return wrapper
  }

  async #declare(connection: ChannelModel): Promise<void> {
    await declareQueue(connection, deadQueue(this.queue), { 'x-queue-type': 'quorum' })
    const asAsked = await declareQueue(connection, this.queue, {
      'x-queue-type': 'quorum',
      'x-delivery-limit': DELIVERY_LIMIT,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': deadQueue(this.queue)
    })
    if (asAsked || this.#warnedAboutArguments) return
    this.#warnedAboutArguments = true
    this.#log.warn(
      { queue: this.queue },
      'The queue exists with other arguments and is used as it is; delete it while it is empty to get a quorum queue with dead letters'
    )
  }
}

/** False when the queue is there with other arguments. A refused declaration closes its channel, so each has its own. */
async function declareQueue(connection: ChannelModel, queue: string, args: object): Promise<boolean> {
  const channel = await connection.createChannel()
  channel.on('error', () => undefined)
  try {
    await channel.assertQueue(queue, { durable: true, arguments: args })
    await channel.close()
    return true
  } catch (error) {
    if ((error as { code?: number }).code === 406) return false
    throw error
  }
}
