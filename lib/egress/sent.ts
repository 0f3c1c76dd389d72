import { subscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'

/** `kept`: whether the connection has carried another request before. */
export type SentOver = (address: string | undefined, kept: boolean) => void

const used = new WeakSet<Socket>()
let starting: SentOver | undefined

subscribe('undici:client:sendHeaders', (message) => {
  const socket = socketOf(message)
  const sent = starting
  starting = undefined
  if (!socket) return
  sent?.(socket.remoteAddress, used.has(socket))
  used.add(socket)
})

/**
 * Call it in a request's onRequestStart: undici announces the socket as soon as that returns. Nothing else
 * says over which connection a request is sent.
 */
export function onceSent(sent: SentOver): void {
  starting = sent
}

function socketOf(message: unknown): Socket | undefined {
  if (typeof message !== 'object' || message === null || !('socket' in message)) return undefined
  return message.socket instanceof Socket ? message.socket : undefined
}
