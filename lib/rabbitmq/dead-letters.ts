import { setTimeout as wait } from 'node:timers/promises'
import { type ChannelModel, type ConfirmChannel, connect, type GetMessage } from 'amqplib'
import { closed, codeOf, NOT_FOUND } from './channel.ts'
import { CONNECT_TIMEOUT_MS } from './connection.ts'
import { Sender } from './sender.ts'
import { deadQueue } from './topology.ts'
import { inTurn } from './turn.ts'

const HEARTBEAT_SECONDS = 5
const RETURN_LOOKS = 20
const BETWEEN_LOOKS_MS = 50

/** A message that could not be processed. */
export interface DeadLetter {
  id: string
  reason: string
  /** When RabbitMQ moved it here, if it did. */
  since: string
  body: string
}

type Take = (letter: DeadLetter, message: GetMessage) => Promise<boolean>

/**
 * The dead letters of an image queue, for their operator. One caller at a time has them: what another one has
 * read is not in the queue until it is back. Others wait, and reject with a BusyError after five seconds.
 */
export class DeadLetters {
  readonly #connection: ChannelModel
  readonly #channel: ConfirmChannel
  readonly #sender: Sender
  readonly #queue: string

  private constructor(connection: ChannelModel, channel: ConfirmChannel, queue: string) {
    this.#connection = connection
    this.#channel = channel
    channel.on('error', () => undefined)
    this.#sender = new Sender(channel)
    this.#queue = queue
  }

  /** Connects to the first node that responds. Rejects with the reasons of all if none does. */
  static async open({ urls, queue }: { urls: string[]; queue: string }): Promise<DeadLetters> {
    const connection = await connectToFirst(urls)
    return new DeadLetters(connection, await connection.createConfirmChannel(), queue)
  }

  /** Resolves with the oldest dead letters, which stay in their queue. */
  async list(limit: number): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = []
    await this.#visit(limit, async (letter) => {
      letters.push(letter)
      return false
    })
    return letters
  }

  /**
   * Moves the chosen ones back to the image queue. Resolves with their number. If there is no such queue, it
   * rejects and they stay.
   */
  async replay(isChosen: (letter: DeadLetter) => boolean): Promise<number> {
    return this.#visit(Number.POSITIVE_INFINITY, async (letter, { content, properties }) => {
      if (!isChosen(letter)) return false
      const { contentType } = properties
      await this.#sender.send(this.#queue, content, { contentType, messageId: letter.id })
      return true
    })
  }

  /** Deletes the chosen ones. Resolves with their number. */
  async purge(isChosen: (letter: DeadLetter) => boolean): Promise<number> {
    return this.#visit(Number.POSITIVE_INFINITY, async (letter) => isChosen(letter))
  }

  /** What a replay that failed has read goes back to its queue. */
  async close(): Promise<void> {
    // A connection that is closed under its channel may lose the acknowledgements that were sent last.
    await closed(this.#channel).catch(() => undefined)
    await closed(this.#connection)
  }

  /**
   * Removes the letters for which `take` resolves with true. Resolves with their number when the others are
   * back in their queue.
   */
  async #visit(limit: number, take: Take): Promise<number> {
    const turn = `${deadQueue(this.#queue)}.turn`
    return inTurn(this.#connection, turn, () => this.#visitAlone(limit, take))
  }

  async #visitAlone(limit: number, take: Take): Promise<number> {
    const count = await this.#count()
    // Without the queue the channel is closed now.
    if (count === 0) return 0
    let taken = 0
    for (let visited = 0; visited < Math.min(limit, count); visited++) {
      const message = await this.#channel.get(deadQueue(this.#queue))
      if (!message) break
      if (!(await take(toDeadLetter(message), message))) continue
      this.#channel.ack(message)
      taken++
    }
    await this.#returned(count - taken)
    return taken
  }

  /**
   * RabbitMQ returns what a channel held some time after the channel is closed, so that a purge of what was
   * just read could find nothing. Does not wait for long: others may take letters, too.
   */
  async #returned(expected: number): Promise<void> {
    this.#channel.nackAll()
    for (let looks = 0; looks < RETURN_LOOKS && (await this.#count()) < expected; looks++)
      await wait(BETWEEN_LOOKS_MS)
  }

  /** Without the queue there are none. */
  async #count(): Promise<number> {
    try {
      return (await this.#channel.checkQueue(deadQueue(this.#queue))).messageCount
    } catch (error) {
      if (codeOf(error) === NOT_FOUND) return 0
      throw error
    }
  }
}

async function connectToFirst(urls: string[]): Promise<ChannelModel> {
  const errors: unknown[] = []
  for (const url of urls) {
    try {
      const connection = await connect(withHeartbeat(url), { timeout: CONNECT_TIMEOUT_MS, noDelay: true })
      // Calls reject when it is lost. Without a listener that would end the process.
      connection.on('error', () => undefined)
      return connection
    } catch (error) {
      errors.push(error)
    }
  }
  throw new AggregateError(errors)
}

/** With it, a server that does not respond is given up after ten seconds. */
function withHeartbeat(address: string): string {
  const url = new URL(address)
  url.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS))
  return url.href
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
