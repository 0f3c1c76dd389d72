import { setTimeout as wait } from 'node:timers/promises'
import type { ChannelModel } from 'amqplib'
import { withTimeout } from '../startup/timeout.ts'
import { ACCESS_REFUSED, CLOSE_TIMEOUT_MS, codeOf, onChannel, RESOURCE_LOCKED } from './channel.ts'

const TRIES = 100
const BETWEEN_TRIES_MS = 50

/** It was another connection's turn for five seconds. */
export class BusyError extends Error {
  override readonly name = 'BusyError'
}

/**
 * Works while no other connection does so under this name: with an exclusive queue, which RabbitMQ gives to
 * one connection and deletes with it. A user who may not declare queues waits for nobody. Rejects with a
 * BusyError.
 */
export async function inTurn<T>(connection: ChannelModel, name: string, work: () => Promise<T>): Promise<T> {
  for (let tries = 0; !(await isFree(connection, name)); tries++) {
    if (tries === TRIES) throw new BusyError(`Another request is at ${name}; retry later`)
    await wait(BETWEEN_TRIES_MS)
  }
  try {
    return await work()
  } finally {
    // If that fails, it ends with the connection. During an alarm RabbitMQ responds to nobody who publishes.
    const ended = onChannel(connection, (channel) => channel.deleteQueue(name))
    await withTimeout(CLOSE_TIMEOUT_MS, ended).catch(() => undefined)
  }
}

async function isFree(connection: ChannelModel, name: string): Promise<boolean> {
  try {
    await onChannel(connection, (channel) => channel.assertQueue(name, { exclusive: true, durable: false }))
    return true
  } catch (error) {
    if (codeOf(error) === RESOURCE_LOCKED) return false
    if (codeOf(error) === ACCESS_REFUSED) return true
    throw error
  }
}
