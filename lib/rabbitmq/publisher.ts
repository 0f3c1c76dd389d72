import { EventEmitter } from 'node:events'
import type { ChannelWrapper } from 'amqp-connection-manager'
import { type Log, reasonOf } from '../log/log.ts'
import { withTimeout } from '../startup/timeout.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { Sender, UnroutableError } from './sender.ts'

/** During an alarm RabbitMQ responds to nobody who publishes. */
const RESPONSE_TIMEOUT_MS = 5000

/**
 * Publishes over a connection of its own. A memory or disk alarm blocks every connection that publishes, and
 * would block acknowledgements on it, too. Emits `connect` whenever messages can be published (again),
 * `failed` when connecting failed.
 */
export class Publisher extends EventEmitter<{ connect: []; failed: [unknown] }> {
  readonly #connection: Connection
  readonly #log: Log
  readonly #queue: string
  #channel: ChannelWrapper
  #sender: Sender | null = null
  #isBlocked = false

  constructor(options: ConnectionOptions) {
    super()
    this.#log = options.log
    this.#queue = options.topology.queue
    this.#connection = new Connection(options)
    this.#connection.on('failed', (error) => this.emit('failed', error))
    this.#connection.on('lost', () => {
      this.#sender = null
      this.#isBlocked = false
    })
    this.#connection.on('blocked', () => this.#block())
    this.#connection.on('unblocked', () => this.#unblock())
    this.#channel = this.#openChannel()
  }

  /** Whether messages can be published at this moment. */
  get isReady(): boolean {
    return this.#sender !== null && !this.#isBlocked
  }

  /**
   * Resolves when the broker has the message on disk. Rejects if it cannot be routed, is refused or not
   * confirmed.
   */
  async send(queue: string, content: Buffer, options: Parameters<Sender['send']>[2]): Promise<void> {
    const sender = this.#readySender()
    try {
      await sender.send(queue, content, options)
    } catch (error) {
      if (sender === this.#sender) this.#recover(error)
      throw error
    }
  }

  /** Resolves with the number of messages that wait in a queue; default: the image queue. */
  async depth(queue = this.#queue): Promise<number> {
    // Asking for a queue that is not declared yet would close the channel.
    this.#readySender()
    const asked = this.#channel.checkQueue(queue)
    return (await withTimeout(RESPONSE_TIMEOUT_MS, asked)).messageCount
  }

  async close(): Promise<void> {
    this.#sender = null
    await this.#connection.close()
  }

  /** amqp-connection-manager would queue messages without bound; the outbox does that. */
  #readySender(): Sender {
    if (this.#sender && !this.#isBlocked) return this.#sender
    throw new Error('RabbitMQ cannot be used at this moment')
  }

  /**
   * Recovers from a failed publish. If the queue is gone, a new connection declares it. Otherwise the channel
   * is replaced: after a quorum queue had no leader, RabbitMQ 3.10 refuses every message on that channel. A
   * blocked connection is left alone; it confirms once it is unblocked.
   */
  #recover(error: unknown): void {
    if (this.#isBlocked) return
    if (error instanceof UnroutableError) {
      this.#connection.renew()
      return
    }
    this.#log.warn(
      { queue: this.#queue, reason: reasonOf(error) },
      'RabbitMQ did not take a message; the next ones go over a new channel'
    )
    this.#sender = null
    this.#connection.discard(this.#channel)
    this.#channel = this.#openChannel()
  }

  #openChannel(): ChannelWrapper {
    return this.#connection.openChannel('publisher', (channel) => {
      const sender = new Sender(channel)
      channel.once('close', () => {
        if (this.#sender === sender) this.#sender = null
      })
      this.#sender = sender
      this.emit('connect')
    })
  }

  #block(): void {
    this.#isBlocked = true
    this.#log.warn(
      {},
      'RabbitMQ accepts no messages because of a memory or disk alarm; they wait in the outbox'
    )
  }

  #unblock(): void {
    this.#isBlocked = false
    this.#log.info({}, 'RabbitMQ accepts messages again')
    if (this.#sender) this.emit('connect')
  }
}
