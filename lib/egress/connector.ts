import { once } from 'node:events'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import { Deadline } from '../deadline.ts'
import { currentAttempt } from '../log/attempt-trace.ts'
import { type AddressPolicy, isPermitted } from './address-policy.ts'
import { connectReusing } from './buffers.ts'
import { BlockedAddress } from './errors.ts'
import { limitReads } from './read-limit.ts'
import type { Resolve } from './resolver.ts'
import { isLocalhost, LOOPBACK, portOf } from './source-url.ts'

export interface ConnectorOptions {
  timeoutMs: number
  maxReadBytes: number
}

export interface Connector {
  /** The `connect` of an undici Agent. */
  connect: buildConnector.connector
  /** Destroys every socket, including those that are still being opened. */
  close(): void
}

/**
 * Opens sockets to permitted addresses only. The Agent opens every connection here, those of redirects
 * included; a connection that is kept alive was checked when it was opened.
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
    // One blocked address blocks the whole name. Legitimate names have no internal addresses.
    return addresses.every(permitted) ? addresses : []
  }

  async function open(host: string, port: number): Promise<Socket> {
    const addresses = await addressesOf(host, port)
    if (addresses.length === 0) throw new BlockedAddress(`${host}:${port} is not a permitted address`)
    closing.signal.throwIfAborted()

    // Connects by the addresses just checked: a second lookup could return others (DNS rebinding).
    const socket = connectReusing({ host, port, lookup: lookupFrom(addresses), noDelay: true })
    sockets.add(socket.once('close', () => sockets.delete(socket)))
    // undici listens only once the socket is connected; an unhandled 'error' would end the process before
    // that.
    socket.on('error', () => {})
    using deadline = new Deadline(timeoutMs)
    try {
      await once(socket, 'connect', { signal: deadline.signal })
      assertPermitted(socket, port)
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /** Checks where the socket really leads, before a byte is sent. */
  function assertPermitted({ remoteAddress }: Socket, port: number): void {
    if (remoteAddress === undefined) throw new Error('The connection was reset at once')
    if (!isPermitted(remoteAddress, port, policy))
      throw new BlockedAddress(`${remoteAddress}:${port} is not a permitted address`)
  }

  return {
    connect(options, callback) {
      const [trace, started] = [currentAttempt(), performance.now()]
      open(options.hostname, portOf(options)).then(
        (httpSocket) => {
          const done: buildConnector.Callback = (...args) => {
            trace?.connected(httpSocket.remoteAddress, performance.now() - started)
            callback(...args)
            // After undici's own listeners: the first 'readable' listener starts the reading.
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

/** `net` asks for all addresses or for one, depending on whether it tries both address families. */
function lookupFrom(addresses: string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, callback) => {
    if (options.all) callback(null, all)
    else callback(null, all[0]?.address ?? '', all[0]?.family)
  }
}
