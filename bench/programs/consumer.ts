import { connect } from 'amqplib'
import { options, say } from './child.ts'

const PREFETCH = 100

/** Takes the messages of a queue and does nothing with them. */
const { url, queue } = options<{ url: string; queue: string }>()
const connection = await connect(url)
const channel = await connection.createChannel()
await channel.prefetch(PREFETCH)
await channel.consume(queue, (message) => message && channel.ack(message))
say('ready')
process.once('disconnect', () => process.exit())
