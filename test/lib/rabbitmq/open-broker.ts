import { setTimeout as wait } from 'node:timers/promises'
import { type ChannelModel, type ConsumeMessage, connect } from 'amqplib'
import type { Test } from 'tap'
import { Broker, type BrokerOptions } from '../../../lib/rabbitmq/broker.ts'
import type { MessageHandler } from '../../../lib/rabbitmq/consumer.ts'
import { createLog } from '../../support/log.ts'

export const message = { product_id: 7, user_id: 1, image_urls: ['http://a.test/1.jpg'] }

export async function openBroker(t: Test, options: Pick<BrokerOptions, 'urls' | 'queue'>) {
  const log = createLog()
  const broker = new Broker({ ...options, log })
  t.teardown(() => broker.close())
  await untilReady(broker)
  return { broker, log }
}

/** As a start does it: the first node that is tried may be away. */
async function untilReady(broker: Broker): Promise<void> {
  await broker.ready().catch(() => untilReady(broker))
}

/** A stranger's connection, to look at the server from outside. */
export async function openChannel(t: Test, url: string) {
  const connection: ChannelModel = await connect(url)
  t.teardown(() => connection.close().catch(() => undefined))
  return connection.createConfirmChannel()
}

/** As the outbox does it: a queue that has just come up may confirm nothing for a while. */
export async function untilPublished(broker: Broker, messageId: string): Promise<void> {
  await broker.publish(message, messageId).catch(async () => {
    await wait(50)
    await untilPublished(broker, messageId)
  })
}

/** Handler that acks everything, and the messages it saw. */
export function collect() {
  const seen: ConsumeMessage[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const handle: MessageHandler = async (delivered) => {
    seen.push(delivered)
    for (const { count, resolve } of waiting) if (seen.length >= count) resolve()
    return { settle: 'ack' }
  }
  const seenAtLeast = (count: number) =>
    new Promise<void>((resolve) => (seen.length >= count ? resolve() : waiting.push({ count, resolve })))
  return { seen, handle, seenAtLeast }
}
