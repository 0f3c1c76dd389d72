import { EventEmitter } from 'node:events'
import { type AmqpConnectionManager, type ChannelWrapper, connect } from 'amqp-connection-manager'
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { type Log, reasonOf } from '../log/log.ts'
import { withTimeout } from '../startup/timeout.ts'
import { CLOSE_TIMEOUT_MS } from './channel.ts'
import type { Topology } from './topology.ts'

export interface ConnectionOptions {
  /** One node of a cluster or several. */
  urls: string[]
  topology: Topology
  log: Log
}

export const CONNECT_TIMEOUT_MS = 5000
const RECONNECT_SECONDS = 1

/**
 * A connection to one of the nodes. Reconnects when it is lost, reopens its channels, and declares the
 * queues. Emits `failed` with the reason if it or one of its channels could not be opened.
 */
export class Connection extends EventEmitter<{ lost: []; failed: [unknown]; blocked: []; unblocked: [] }> {
  readonly #manager: AmqpConnectionManager
  readonly #topology: Topology
  readonly #log: Log
  readonly #discarded = new WeakSet<ChannelWrapper>()
  #isClosing = false
  #hasWarned = false

  constructor({ urls, topology, log }: ConnectionOptions) {
    super()
    this.#topology = topology
    this.#log = log
    this.#manager = connect(urls, {
      heartbeatIntervalInSeconds: 5,
      reconnectTimeInSeconds: RECONNECT_SECONDS,
      connectionOptions: { timeout: CONNECT_TIMEOUT_MS, noDelay: true, keepAlive: true }
    })
    this.#manager.on('connectFailed', ({ err }) => this.#failed(err))
    this.#manager.on('disconnect', ({ err }: { err?: Error }) => {
      this.emit('lost')
      if (!this.#isClosing) log.warn({ reason: err?.message }, 'The connection to RabbitMQ is lost')
    })
    this.#manager.on('blocked', () => this.emit('blocked'))
    this.#manager.on('unblocked', () => this.emit('unblocked'))
  }

  /** Opens a channel, and another one after each new connection; `prepare` is called for each. */
  openChannel(name: string, prepare: (channel: ConfirmChannel) => Promise<void> | void): ChannelWrapper {
    const setup = async (channel: ConfirmChannel) => {
      const { connection } = this.#manager
      if (!connection) throw new Error('The connection to RabbitMQ was lost')
      channel.on('error', (error) =>
        this.#log.warn({ reason: error.message }, `The ${name} channel to RabbitMQ failed`)
      )
      // amqp-connection-manager does not replace a channel that closes without its connection.
      channel.once('close', () => this.#discarded.has(wrapper) || this.renew(connection))
      try {
        await this.#topology.declare(connection)
        await prepare(channel)
        this.#hasWarned = false
      } catch (error) {
        this.#failed(error)
        setTimeout(() => this.renew(connection), RECONNECT_SECONDS * 1000).unref()
        throw error
      }
    }
    const wrapper = this.#manager.createChannel({ name, confirm: true, setup })
    // Logged above, or the connection is lost.
    wrapper.on('error', (err) => this.#log.debug({ err }, `The ${name} channel to RabbitMQ was not opened`))
    return wrapper
  }

  /** Closes a channel without ending its connection. */
  discard(channel: ChannelWrapper): void {
    this.#discarded.add(channel)
    void channel.close().catch(() => undefined)
  }

  /**
   * Closes a connection; the next one follows after RECONNECT_SECONDS. Does not use amqp-connection-manager's
   * `reconnect`, which waits forever for an unresponsive server and loses a connection if two channels call
   * it.
   */
  renew(connection: ChannelModel | undefined = this.#manager.connection): void {
    if (!this.#isClosing) void connection?.close().catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    const { connection } = this.#manager
    // The manager waits for ever for a channel that the server has forgotten.
    // amqplib never settles the close of a connection that is lost meanwhile.
    await withTimeout(CLOSE_TIMEOUT_MS, this.#manager.close()).catch(
      () => void connection?.close().catch(() => undefined)
    )
  }

  /** Logs only the first of several consecutive failures. */
  #failed(error: unknown): void {
    this.emit('failed', error)
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#log.warn({ reason: reasonOf(error) }, 'RabbitMQ cannot be used; trying again')
  }
}
