import { EventEmitter, once } from 'node:events'
import type { ConsumeMessage } from 'amqplib'
import type { Log } from '../log/log.ts'
import { Consumer, type MessageHandler } from './consumer.ts'
import type { ImageMessage } from './message.ts'
import { Publisher } from './publisher.ts'
import { deadQueue, Topology } from './topology.ts'
import { unlessFailed } from './unless-failed.ts'

export interface BrokerOptions {
  /** One node of a cluster or several. */
  urls: string[]
  queue: string
  log: Log
}

/**
 * The image queue on RabbitMQ. Publishes with confirms, and settles each delivery. Emits `connect` whenever
 * messages can be published (again).
 */
export class Broker extends EventEmitter<{ connect: [] }> {
  readonly queue: string
  readonly #connection: { urls: string[]; topology: Topology; log: Log }
  readonly #publisher: Publisher
  #consumer: Consumer | undefined
  /** The ends of consumers that were cancelled. */
  #endings: Promise<unknown> = Promise.resolve()

  constructor({ urls, queue, log }: BrokerOptions) {
    super()
    this.queue = queue
    this.#connection = { urls, topology: new Topology(queue, log), log }
    this.#publisher = new Publisher(this.#connection)
    this.#publisher.on('connect', () => this.emit('connect'))
  }

  /** Whether messages can be published at this moment. */
  get connected(): boolean {
    return this.#publisher.isReady
  }

  /**
   * Resolves when messages can be published. Rejects with the reason if the next attempt to connect fails.
   */
  async ready(): Promise<void> {
    if (this.connected) return
    await unlessFailed(this.#publisher, (signal) => once(this.#publisher, 'connect', { signal }))
  }

  /**
   * Resolves when the broker has the message on disk. Rejects if it cannot be routed, is refused or not
   * confirmed.
   */
  async publish(message: ImageMessage, messageId: string, headers: object = {}): Promise<void> {
    const options = { messageId, contentType: 'application/json', headers }
    await this.#publisher.send(this.queue, Buffer.from(JSON.stringify(message)), options)
  }

  /** Handles up to `prefetch` messages at once, until `cancel`. Resolves as `consuming` does. */
  async consume(prefetch: number, handle: MessageHandler): Promise<void> {
    const deadLetter = (message: ConsumeMessage, reason: string) => this.#deadLetter(message, reason)
    this.#consumer = new Consumer({ ...this.#connection, prefetch, handle, deadLetter })
    await this.consuming()
  }

  /** Resolves when messages can be delivered. Rejects with the reason if the next attempt fails. */
  async consuming(): Promise<void> {
    await this.#consumer?.ready()
  }

  /** Takes no more messages until `consume`; those in progress can still be settled. */
  async cancel(): Promise<void> {
    const consumer = this.#consumer
    if (!consumer) return
    this.#consumer = undefined
    const cancelled = consumer.cancel()
    this.#endings = Promise.all([this.#endings, cancelled.then(() => consumer.close())])
    await cancelled
  }

  /** Resolves with the number of messages that wait in the queue. */
  async depth(): Promise<number> {
    return this.#publisher.depth()
  }

  /** Resolves with the number of dead letters. */
  async deadLetters(): Promise<number> {
    return this.#publisher.depth(deadQueue(this.queue))
  }

  /** Settles the messages in progress, then ends both connections. */
  async close(): Promise<void> {
    await this.cancel()
    await this.#endings
    await this.#publisher.close()
  }

  /** Publishes a message to the dead-letter queue, with the reason. */
  async #deadLetter({ content, properties, fields }: ConsumeMessage, reason: string): Promise<void> {
    const { messageId = `copy-${fields.deliveryTag}-${Date.now()}`, contentType } = properties
    const headers = { ...properties.headers, 'x-reason': reason }
    await this.#publisher.send(deadQueue(this.queue), content, { messageId, contentType, headers })
    this.#connection.log.warn({ message_id: messageId, reason }, 'A message was put among the dead letters')
  }
}
