import type { Channel, ChannelModel } from 'amqplib'
import { withTimeout } from '../startup/timeout.ts'

/** A frozen server does not respond to a close. */
export const CLOSE_TIMEOUT_MS = 2000

/** Codes with which RabbitMQ refuses, and closes the channel. */
export const ACCESS_REFUSED = 403
export const NOT_FOUND = 404
export const RESOURCE_LOCKED = 405
export const PRECONDITION_FAILED = 406

/** Returns the code with which RabbitMQ refused, if it did. */
export const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)

/** Works on a channel of its own, which a refusal closes. */
export async function onChannel(
  connection: ChannelModel,
  work: (channel: Channel) => Promise<unknown>
): Promise<void> {
  const channel = await connection.createChannel()
  channel.on('error', () => undefined)
  await work(channel)
  await closed(channel)
}

/**
 * Closes a channel or a connection. Rejects after two seconds, as amqplib never settles if it is lost
 * meanwhile.
 */
export async function closed(it: Pick<ChannelModel, 'close'>): Promise<void> {
  await withTimeout(CLOSE_TIMEOUT_MS, it.close())
}
