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
    const domain = await domainOf(host)
    if (isLocalhost(host)) return { domain, networks: [] }
    if (isIP(host)) return { domain, networks: [networkOf(host)] }
    const addresses = await withTimeout(TIMEOUT_MS, resolve(host)).catch(() => [])
    return { domain, networks: [...new Set(addresses.map(networkOf))] }
  }

/** Resolves with the domain that a host counts as. */
export async function domainOf(host: string): Promise<string> {
  if (isLocalhost(host)) return 'localhost'
  if (isIP(host)) return isPublic(host) ? PUBLIC_ADDRESSES : host
  // Imported here because only workers need it: 80 ms and 5 MB.
  const { getDomain } = await import('tldts')
  return getDomain(host, { allowPrivateDomains: true }) ?? host.replace(/\.+$/, '')
}
