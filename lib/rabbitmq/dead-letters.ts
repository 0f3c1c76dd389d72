import { type ChannelModel, type ConfirmChannel, connect, type GetMessage } from 'amqplib'
import { deadQueue } from './topology.ts'

/** A message that nobody could work on. */
export interface DeadLetter {
  id: string
  reason: string
  /** When it was put aside, if RabbitMQ did it. */
  since: string
  body: string
}

/** The dead letters of an image queue, for people who look after them. */
export class DeadLetters {
  readonly #connection: ChannelModel
  readonly #channel: ConfirmChannel
  readonly #queue: string

  private constructor(connection: ChannelModel, channel: ConfirmChannel, queue: string) {
    this.#connection = connection
    this.#channel = channel
    this.#queue = queue
  }

  static async open(url: string, queue: string): Promise<DeadLetters> {
    const connection = await connect(url)
    return new DeadLetters(connection, await connection.createConfirmChannel(), queue)
  }

  /** The oldest ones; they stay where they are. */
  async list(limit: number): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = []
    await this.#visit(limit, async (letter) => {
      letters.push(letter)
      return false
    })
    return letters
  }

  /** Sends those that are chosen to the image queue again; answers how many. */
  async replay(chosen: (letter: DeadLetter) => boolean): Promise<number> {
    return this.#visit(Number.POSITIVE_INFINITY, async (letter, { content, properties }) => {
      if (!chosen(letter)) return false
      const { contentType, messageId } = properties
      this.#channel.sendToQueue(this.#queue, content, { persistent: true, contentType, messageId })
      await this.#channel.waitForConfirms()
      return true
    })
  }

  /** Deletes those that are chosen; answers how many. */
  async purge(chosen: (letter: DeadLetter) => boolean): Promise<number> {
    return this.#visit(Number.POSITIVE_INFINITY, async (letter) => chosen(letter))
  }

  /** What was read and not taken goes back to the queue. */
  async close(): Promise<void> {
    await this.#channel.close()
    await this.#connection.close()
  }

  /** Takes the letters for which `take` resolves to true, and answers how many those were. */
  async #visit(
    limit: number,
    take: (letter: DeadLetter, message: GetMessage) => Promise<boolean>
  ): Promise<number> {
    const { messageCount } = await this.#channel.checkQueue(deadQueue(this.#queue))
    let taken = 0
    for (let seen = 0; seen < Math.min(limit, messageCount); seen++) {
      const message = await this.#channel.get(deadQueue(this.#queue))
      if (!message) break
      if (!(await take(toDeadLetter(message), message))) continue
      this.#channel.ack(message)
      taken++
    }
    return taken
  }
}

function toDeadLetter({ content, properties: { messageId, headers = {} } }: GetMessage): DeadLetter {
  const [death] = headers['x-death'] ?? []
  return {
    id: String(messageId ?? ''),
    reason: String(headers['x-reason'] ?? death?.reason ?? 'unknown'),
    since: death?.time ? new Date(death.time.value * 1000).toISOString() : '',
    body: content.toString()
  }
}
