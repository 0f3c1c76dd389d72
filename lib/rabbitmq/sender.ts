import type { ConfirmChannel, Options } from 'amqplib'
import { withTimeout } from '../startup/timeout.ts'

const CONFIRM_TIMEOUT_MS = 5000

/** No queue has taken the message. */
export class UnroutableError extends Error {
  override readonly name = 'UnroutableError'
}

/** Sends messages over one channel, each until the broker has it on disk. */
export class Sender {
  readonly #channel: ConfirmChannel
  /** Ids of messages that came back; the confirm of each is still to come. */
  readonly #returned = new Set<string>()

  constructor(channel: ConfirmChannel) {
    this.#channel = channel
    channel.on('return', (message: { properties: { messageId?: string } }) => {
      this.#returned.add(message.properties.messageId ?? '')
    })
  }

  /**
   * Rejects with an UnroutableError, or otherwise if the broker refuses the message or does not confirm it in
   * time.
   */
  async send(
    queue: string,
    content: Buffer,
    options: Options.Publish & { messageId: string }
  ): Promise<void> {
    const { promise: confirmed, resolve, reject } = Promise.withResolvers<void>()
    this.#channel.sendToQueue(queue, content, { ...options, persistent: true, mandatory: true }, (error) =>
      error ? reject(error) : resolve()
    )
    await withTimeout(CONFIRM_TIMEOUT_MS, confirmed)
    // The broker also confirms a message that reached no queue, after it has returned it.
    if (this.#returned.delete(options.messageId)) throw new UnroutableError(`RabbitMQ has no queue ${queue}`)
  }
}
