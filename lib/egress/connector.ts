import { once } from 'node:events'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import { blockedAddress } from '../download/errors.ts'
import { type AddressPolicy, isPermitted } from './address-policy.ts'
import { limitReads } from './read-limit.ts'
import type { Resolve } from './resolver.ts'
import { connectReading } from './socket.ts'
import { isLocalhost, LOOPBACK, portOf } from './source-url.ts'

export interface ConnectorOptions {
  /** Bounds the TCP and the TLS handshake each. */
  timeoutMs: number
  /** Most bytes that a socket reads for one answer, whatever they are. */
  maxReadBytes: number
}

export interface Connector {
  /** The `connect` of an undici Agent. */
  connect: buildConnector.connector
  /** Ends every socket, those that are still being opened too. */
  close(): void
}

/**
 * Opens sockets to permitted addresses only. Every connection of the Agent comes through here, those of redirects too;
 * one that is used again was judged when it was opened.
 */
export function createConnector(
  policy: AddressPolicy,
  resolve: Resolve,
  { timeoutMs, maxReadBytes }: ConnectorOptions
): Connector {
  const secure = buildConnector({ timeout: timeoutMs, allowH2: false })
  const sockets = new Set<Socket>()
  const closing = new AbortController()

  async function addressesOf(host: string, port: number): Promise<string[]> {
    const permitted = (address: string) => isPermitted(address, port, policy)
    if (isLocalhost(host)) return LOOPBACK.filter(permitted)
    const addresses = isIP(host) ? [host] : await resolve(host)
    // One answer that leads inside is enough to refuse them all: an honest name has none.
    return addresses.every(permitted) ? addresses : []
  }

  async function open(host: string, port: number): Promise<Socket> {
    const addresses = await addressesOf(host, port)
    if (addresses.length === 0) throw blockedAddress(`${host}:${port}`)
    closing.signal.throwIfAborted()

    // By the addresses just judged: a second question to the DNS could be answered otherwise (rebinding).
    const socket = connectReading({ host, port, lookup: answerWith(addresses), noDelay: true })
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    // Until undici listens nobody does, and an error that nobody hears ends the process.
    socket.on('error', () => {})
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) })
      assertPermitted(socket, port)
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /** The last word, before a byte is sent: where the socket really leads. */
  function assertPermitted({ remoteAddress }: Socket, port: number): void {
    if (remoteAddress === undefined) throw new Error('The connection was reset at once')
    if (!isPermitted(remoteAddress, port, policy)) throw blockedAddress(`${remoteAddress}:${port}`)
  }

  return {
    connect(options, callback) {
      open(options.hostname, portOf(options)).then(
        (httpSocket) => {
          const done: buildConnector.Callback = (...args) => {
            callback(...args)
            // After undici, which starts to read with the first who listens.
            const [, socket] = args
            if (socket) limitReads(socket, httpSocket, maxReadBytes)
          }
          if (options.protocol === 'https:') secure({ ...options, httpSocket }, done)
          else done(null, httpSocket)
        },
        (error) => callback(error, null)
      )
    },
    close() {
      closing.abort()
      for (const socket of sockets) socket.destroy()
    }
  }
}

/** `net` asks for all addresses or for one, depending on how it tries the families. */
function answerWith(addresses: string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, callback) => {
    if (options.all) callback(null, all)
    else callback(null, all[0]?.address ?? '', all[0]?.family)
  }
}
