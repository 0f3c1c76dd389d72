import { setTimeout as wait } from 'node:timers/promises'
import type { ChannelWrapper } from 'amqp-connection-manager'
import type { Channel, ConsumeMessage } from 'amqplib'
import type { Log } from '../log/log.ts'
import { withTimeout } from '../startup/timeout.ts'
import { CLOSE_TIMEOUT_MS } from './channel.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { unlessFailed } from './unless-failed.ts'

/** What becomes of a message that was handled. */
export type Settlement = { settle: 'ack' } | { settle: 'requeue' } | { settle: 'dead'; reason: string }

export type MessageHandler = (message: ConsumeMessage) => Promise<Settlement>

export interface ConsumerOptions extends ConnectionOptions {
  /** Messages that are handled at once. */
  prefetch: number
  handle: MessageHandler
  /** Resolves when the message is in the dead-letter queue. */
  deadLetter(message: ConsumeMessage, reason: string): Promise<void>
}

/** A message that is requeued comes back at once. */
const REQUEUE_MS = 1000

/** Handles the messages of the image queue, and settles each on the channel that delivered it. */
export class Consumer {
  readonly #connection: Connection
  readonly #options: ConsumerOptions
  readonly #log: Log
  readonly #channel: ChannelWrapper
  readonly #deliveries = new Set<Promise<void>>()
  #cancelOnServer = async () => {}
  #isCancelled = false

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#log = options.log
    this.#connection = new Connection(options)
    this.#channel = this.#connection.openChannel('consumer', (channel) => this.#consume(channel))
  }

  /** Resolves when messages are delivered. Rejects with the reason if the next attempt fails. */
  async ready(): Promise<void> {
    await unlessFailed(this.#connection, () => this.#channel.waitForConnect())
  }

  /** Takes no more messages; those in progress can still be settled. */
  async cancel(): Promise<void> {
    this.#isCancelled = true
    // On a channel that is gone there is nothing to cancel.
    await withTimeout(CLOSE_TIMEOUT_MS, this.#cancelOnServer()).catch(() => undefined)
  }

  /** Settles the messages in progress, then ends the connection. */
  async close(): Promise<void> {
    this.#isCancelled = true
    await Promise.allSettled(this.#deliveries)
    await this.#connection.close()
  }

  async #consume(channel: Channel): Promise<void> {
    if (this.#isCancelled) return
    const { prefetch, topology } = this.#options
    await channel.prefetch(prefetch)
    const { consumerTag } = await channel.consume(topology.queue, (message) => {
      // The broker has cancelled the consumer: its queue was deleted, or moved to another node.
      if (!message) this.#connection.renew()
      else if (this.#isCancelled) channel.nack(message)
      else this.#take(channel, message)
    })
    this.#cancelOnServer = async () => void (await channel.cancel(consumerTag))
    if (this.#isCancelled) await this.#cancelOnServer()
  }

  #take(channel: Channel, message: ConsumeMessage): void {
    const delivery = this.#deliver(channel, message)
    this.#deliveries.add(delivery)
    void delivery.finally(() => this.#deliveries.delete(delivery))
  }

  async #deliver(channel: Channel, message: ConsumeMessage): Promise<void> {
    const isDone = await this.#handle(message).catch(async (error: unknown) => {
      this.#log.error({ err: error }, 'A message could not be handled; it goes back to the queue')
      await wait(REQUEUE_MS)
      return false
    })
    try {
      // On the channel that delivered it: after a reconnect the tag means another message.
      if (isDone) channel.ack(message)
      // Not nack: RabbitMQ 4.3 counts only rejected messages towards the delivery limit.
      else channel.reject(message, true)
    } catch (error) {
      this.#log.debug({ err: error }, 'The channel of a message is gone; the broker delivers it again')
    }
  }

  /** Resolves with false for a message that goes back to the queue. */
  async #handle(message: ConsumeMessage): Promise<boolean> {
    const settlement = await this.#options.handle(message)
    if (settlement.settle === 'dead') await this.#options.deadLetter(message, settlement.reason)
    return settlement.settle !== 'requeue'
  }
}
