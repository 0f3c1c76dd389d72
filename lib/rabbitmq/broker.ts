import { EventEmitter } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { type AmqpConnectionManager, type ChannelWrapper, connect } from 'amqp-connection-manager'
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib'
import { type Log, reasonOf } from '../log/log.ts'
import { withTimeout } from '../startup/timeout.ts'
import type { ImageMessage } from './message.ts'
import { deadQueue, declareImageQueue } from './topology.ts'

export interface BrokerOptions {
  /** One or more nodes of a cluster. */
  urls: string[]
  queue: string
  log: Log
}

/** What is to become of a message that was handled. */
export type Settlement = { settle: 'ack' } | { settle: 'requeue' } | { settle: 'dead'; reason: string }

export type MessageHandler = (message: ConsumeMessage) => Promise<Settlement>

const CONNECT_TIMEOUT_MS = 5000
const PUBLISH_TIMEOUT_MS = 5000
const RECONNECT_SECONDS = 1
/** What cannot be handled now comes back at once when it is given back. */
const REQUEUE_MS = 1000
/** A server that is frozen answers no goodbye. */
const GOODBYE_MS = 2000

/**
 * The image queue on RabbitMQ: publishes that are confirmed, deliveries that are settled on the channel they came by, and
 * a queue that is declared again whenever it is gone. Emits `connect` whenever messages can be taken over (again).
 */
export class Broker extends EventEmitter<{ connect: [] }> {
  readonly queue: string
  readonly #manager: AmqpConnectionManager
  readonly #log: Log
  readonly #returned = new Set<string>()
  readonly #deliveries = new Set<Promise<void>>()
  readonly #replaced = new WeakSet<ChannelWrapper>()
  #publisher: ChannelWrapper
  /** Where messages can be published at this moment. */
  #usable: ConfirmChannel | null = null
  #consumer: ChannelWrapper | undefined
  #cancelConsumer = async () => {}
  #cancelled = false
  #closing = false
  #warnedAboutArguments = false

  constructor({ urls, queue, log }: BrokerOptions) {
    super()
    this.queue = queue
    this.#log = log
    this.#manager = connect(urls, {
      heartbeatIntervalInSeconds: 5,
      reconnectTimeInSeconds: RECONNECT_SECONDS,
      connectionOptions: { timeout: CONNECT_TIMEOUT_MS, noDelay: true, keepAlive: true }
    })
    this.#manager.on('connectFailed', ({ err }) =>
      log.warn({ reason: reasonOf(err) }, 'RabbitMQ cannot be reached; trying again')
    )
    this.#manager.on('disconnect', ({ err }: { err?: Error }) => {
      this.#usable = null
      if (!this.#closing) log.warn({ reason: err?.message }, 'The connection to RabbitMQ is lost')
    })
    this.#publisher = this.#openPublisher()
  }

  /** Whether messages can be published at this moment. */
  get connected(): boolean {
    return this.#usable !== null
  }

  /** Resolves when messages can be published. */
  async ready(): Promise<void> {
    if (!this.#usable) await new Promise<void>((resolve) => this.once('connect', resolve))
  }

  /** Resolves when the broker has the message on disk. Rejects when it cannot be routed or nobody confirms in time. */
  async publish(message: ImageMessage, messageId: string, headers: object = {}): Promise<void> {
    await this.#send(this.queue, Buffer.from(JSON.stringify(message)), {
      messageId,
      contentType: 'application/json',
      headers
    })
  }

  /** Hands up to `prefetch` messages at once to the handler, from the moment on when the queue can be read. */
  async consume(prefetch: number, handle: MessageHandler): Promise<void> {
    this.#consumer = this.#openChannel('consumer', async (channel) => {
      if (this.#cancelled) return
      await channel.prefetch(prefetch)
      const { consumerTag } = await channel.consume(this.queue, (message) => {
        // The broker has cancelled the consumer: its queue was deleted, or moved to another node.
        if (!message) this.#renew()
        else if (this.#cancelled) channel.nack(message)
        else this.#take(channel, message, handle)
      })
      this.#cancelConsumer = async () => void (await channel.cancel(consumerTag))
      if (this.#cancelled) await this.#cancelConsumer()
    })
    await this.#consumer.waitForConnect()
  }

  /** Takes no more messages; those in hand can still be settled. */
  async cancel(): Promise<void> {
    this.#cancelled = true
    // On a channel that is gone there is nothing to cancel.
    await withTimeout(GOODBYE_MS, this.#cancelConsumer()).catch(() => undefined)
  }

  /** Messages that wait in the queue. */
  async depth(): Promise<number> {
    // To ask for a queue that is not declared yet closes the channel on which it is about to be.
    if (!this.#usable) throw new Error('RabbitMQ cannot be used at this moment')
    const { messageCount } = await this.#publisher.checkQueue(this.queue)
    return messageCount
  }

  /** Settles the messages in hand, then ends the connection. */
  async close(): Promise<void> {
    this.#cancelled = true
    await Promise.allSettled(this.#deliveries)
    this.#closing = true
    const { connection } = this.#manager
    // A channel that the server forgot about holds up the manager's own goodbye for ever.
    await withTimeout(GOODBYE_MS, this.#manager.close()).catch(() =>
      connection?.close().catch(() => undefined)
    )
  }

  async #send(
    queue: string,
    content: Buffer,
    options: { messageId: string; contentType?: string; headers?: object }
  ): Promise<void> {
    const publisher = this.#publisher
    const channel = this.#usable
    // Nothing is kept for later here, as amqp-connection-manager would: the outbox keeps it.
    if (!channel) throw new Error('RabbitMQ cannot be used at this moment')
    const { promise: confirmed, resolve, reject } = Promise.withResolvers<void>()
    channel.sendToQueue(queue, content, { ...options, persistent: true, mandatory: true }, (error) =>
      error ? reject(error) : resolve()
    )
    await withTimeout(PUBLISH_TIMEOUT_MS, confirmed).catch((error: unknown) => {
      if (isRefusal(error)) this.#replace(publisher)
      throw error
    })
    // The broker confirms what it could not route, too; the return comes before the confirm.
    if (this.#returned.delete(options.messageId)) {
      this.#renew()
      throw new Error(`RabbitMQ has no queue ${queue}; it is declared again`)
    }
  }

  #take(channel: Channel, message: ConsumeMessage, handle: MessageHandler): void {
    const delivery = this.#deliver(channel, message, handle)
    this.#deliveries.add(delivery)
    void delivery.finally(() => this.#deliveries.delete(delivery))
  }

  async #deliver(channel: Channel, message: ConsumeMessage, handle: MessageHandler): Promise<void> {
    const verdict = await this.#judge(message, handle).catch(async (error: unknown): Promise<Settlement> => {
      this.#log.error({ err: error }, 'A message could not be handled; it goes back to the queue')
      await wait(REQUEUE_MS)
      return { settle: 'requeue' }
    })
    try {
      // On the channel that delivered: after a reconnect the tag means another message on the new one.
      if (verdict.settle === 'requeue') channel.nack(message)
      else channel.ack(message)
    } catch (error) {
      this.#log.debug({ err: error }, 'The channel of a message is gone; the broker delivers it again')
    }
  }

  async #judge(message: ConsumeMessage, handle: MessageHandler): Promise<Settlement> {
    const verdict = await handle(message)
    if (verdict.settle === 'dead') await this.#bury(message, verdict.reason)
    return verdict
  }

  /** Puts a message aside, with the reason why nobody can work on it. */
  async #bury({ content, properties, fields }: ConsumeMessage, reason: string): Promise<void> {
    const { messageId = `copy-${fields.deliveryTag}-${Date.now()}`, contentType } = properties
    const headers = { ...properties.headers, 'x-reason': reason }
    await this.#send(deadQueue(this.queue), content, { messageId, contentType, headers })
    this.#log.warn({ message_id: messageId, reason }, 'A message was put aside as a dead letter')
  }

  #openPublisher(): ChannelWrapper {
    return this.#openChannel('publisher', async (channel) => {
      this.#returned.clear()
      channel.on('return', (message: { properties: { messageId?: string } }) => {
        this.#returned.add(message.properties.messageId ?? '')
      })
      channel.once('close', () => {
        if (this.#usable === channel) this.#usable = null
      })
      this.#usable = channel
      this.emit('connect')
    })
  }

  /**
   * RabbitMQ 3.10 refuses for ever on a channel whose first message met a quorum queue without a leader, and takes the same
   * message on another one. The connection stays: with it the messages in hand would be delivered again.
   */
  #replace(publisher: ChannelWrapper): void {
    if (this.#closing || publisher !== this.#publisher) return
    this.#log.warn({ queue: this.queue }, 'RabbitMQ refused a message; the next ones go over a new channel')
    this.#replaced.add(publisher)
    this.#usable = null
    this.#publisher = this.#openPublisher()
    void publisher.close().catch(() => undefined)
  }

  #openChannel(name: string, prepare: (channel: ConfirmChannel) => Promise<void>): ChannelWrapper {
    const setup = async (channel: ConfirmChannel) => {
      const { connection } = this.#manager
      if (!connection) throw new Error('the connection to RabbitMQ was lost')
      channel.on('error', (error) =>
        this.#log.warn({ reason: error.message }, `The ${name} channel to RabbitMQ failed`)
      )
      // amqp-connection-manager opens no new channel for one that closes alone.
      channel.once('close', () => this.#replaced.has(wrapper) || this.#renew(connection))
      try {
        await this.#declare(connection)
        await prepare(channel)
      } catch (error) {
        this.#log.warn({ reason: reasonOf(error) }, 'The queue on RabbitMQ cannot be used; trying again')
        setTimeout(() => this.#renew(connection), RECONNECT_SECONDS * 1000).unref()
        throw error
      }
    }
    const wrapper = this.#manager.createChannel({ name, confirm: true, setup })
    // Said above, or of a connection that is lost.
    wrapper.on('error', (err) => this.#log.debug({ err }, `The ${name} channel to RabbitMQ was not opened`))
    return wrapper
  }

  /**
   * Ends a connection; the next one follows after RECONNECT_SECONDS, with new channels and the queue declared again. Not by
   * amqp-connection-manager's reconnect(): that one waits for ever for a server that does not answer, and forgets a
   * connection, consumer and all, when two channels call it.
   */
  #renew(connection: ChannelModel | undefined = this.#manager.connection): void {
    if (!this.#closing) void connection?.close().catch(() => undefined)
  }

  async #declare(connection: ChannelModel): Promise<void> {
    if ((await declareImageQueue(connection, this.queue)) || this.#warnedAboutArguments) return
    this.#warnedAboutArguments = true
    this.#log.warn(
      { queue: this.queue },
      'The queue exists with other arguments and is used as it is; delete it while it is empty to get a quorum queue with dead letters'
    )
  }
}

/** Said by amqplib of a negative confirm. */
const isRefusal = (error: unknown) => error instanceof Error && error.message === 'message nacked'
