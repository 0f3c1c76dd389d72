import { isIP } from 'node:net'
import { withTimeout } from '../startup/timeout.ts'
import { isPublic, networkOf } from './address-policy.ts'
import type { Resolve } from './resolver.ts'
import { isLocalhost } from './source-url.ts'

/** Where requests for a URL lead. Places are shared by these units. */
export interface Location {
  /** The registrable domain: the many names that one owner may have count as one. */
  domain: string
  /** The networks of the addresses that are connected to, none while they are unknown. */
  networks: readonly string[]
}

export type Locate = (url: string) => Promise<Location>

/** A name server that takes longer only delays its own download. */
const TIMEOUT_MS = 2000

/** All IP addresses in URLs count as one origin. Otherwise each image could use another address. */
const PUBLIC_ADDRESSES = 'public addresses'

export const createLocate =
  (resolve: Resolve): Locate =>
  async (url) => {
    const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? ''
    if (isLocalhost(host)) return { domain: 'localhost', networks: [] }
    if (isIP(host)) {
      return { domain: isPublic(host) ? PUBLIC_ADDRESSES : host, networks: [networkOf(host)] }
    }
    // Imported here because only workers need it: 80 ms and 5 MB.
    const { getDomain } = await import('tldts')
    const addresses = await withTimeout(TIMEOUT_MS, resolve(host)).catch(() => [])
    return {
      domain: getDomain(host, { allowPrivateDomains: true }) ?? host.replace(/\.+$/, ''),
      networks: [...new Set(addresses.map(networkOf))]
    }
  }
