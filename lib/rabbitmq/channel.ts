import type { Channel, ChannelModel } from 'amqplib'

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
  await channel.close()
}
