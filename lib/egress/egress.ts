import { Agent, type Dispatcher } from 'undici'
import type { AddressPolicy } from './address-policy.ts'
import { createConnector } from './connector.ts'
import { createLocate, type Locate } from './locate.ts'
import { createResolver, type Resolve, remembering } from './resolver.ts'

export interface EgressOptions {
  policy: AddressPolicy
  /** Default: the hosts file, then the system's name servers. */
  resolve?: Resolve | undefined
  /** Bounds the TCP and the TLS handshake each. */
  timeoutMs: number
  /** Bytes that a socket may read for one response, within its body or outside of it. */
  maxReadBytes: number
  agent?: Agent.Options
}

/** All connections to servers that users name go through here: source images and webhooks. */
export interface Egress {
  /**
   * Sends requests over sockets that lead to permitted addresses. Its errors are those of errors.ts, and
   * undici's.
   */
  dispatcher: Dispatcher
  /** Resolves with where requests for a URL lead. Requests in the next 30 seconds use the same addresses. */
  locate: Locate
  /** Ends every socket, including those that are still being opened. */
  close(): Promise<void>
}

export function createEgress({
  policy,
  resolve = createResolver(),
  timeoutMs,
  maxReadBytes,
  agent
}: EgressOptions): Egress {
  const remembered = remembering(resolve)
  const connector = createConnector(policy, remembered, { timeoutMs, maxReadBytes })
  const dispatcher = new Agent({ ...agent, connect: connector.connect, allowH2: false })
  return {
    dispatcher,
    locate: createLocate(remembered),
    async close() {
      connector.close()
      await dispatcher.destroy()
    }
  }
}
