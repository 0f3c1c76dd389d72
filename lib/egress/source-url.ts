import { isIP } from 'node:net'
import { type AddressPolicy, isPermitted, isPublic } from './address-policy.ts'

const MAX_LENGTH = 2048

/** What `localhost` and every name below it stand for, whatever a resolver says (RFC 6761). */
export const LOOPBACK = ['127.0.0.1', '::1']

/**
 * Says what is wrong with the URL of a source image, in words that follow the name of a field, or nothing when it may
 * be tried. Asks no DNS: the addresses behind a name are judged when a socket is opened.
 */
export function checkSourceUrl(text: string, policy: AddressPolicy): string | undefined {
  if (text.length > MAX_LENGTH) return `must not be longer than ${MAX_LENGTH} characters`
  // new URL() takes http:127.0.0.1 and http:///127.0.0.1 too, drops tabs and newlines and turns \ into /.
  if (!/^https?:\/\/[^/]/i.test(text)) return 'must start with http:// or https:// and a host name'
  if (/[\s\\\p{Cc}\p{Cs}]/u.test(text)) return 'must not contain spaces, backslashes or control characters'
  if (!URL.canParse(text)) return 'must be a valid URL'
  // The text is asked, because a URL forgets the empty login of http://@host/.
  if (/^[^/]+\/\/[^/?#]*@/.test(text)) return 'must not contain a user name or password'
  return checkHost(new URL(text), policy)
}

/** The port that a URL leads to. */
export function portOf({ protocol, port }: { protocol: string; port: string }): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** `localhost` and all names below it, with or without the root's dot. */
export function isLocalhost(host: string): boolean {
  return /(^|\.)localhost\.*$/i.test(host)
}

function checkHost(url: URL, policy: AddressPolicy): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = portOf(url)
  const literals = isIP(host) ? [host] : isLocalhost(host) ? LOOPBACK : []
  if (literals.some((address) => isPermitted(address, port, policy))) return undefined
  if (literals.length > 0 && !literals.some(isPublic)) return INSIDE
  // A name may lead into an allowed network, where any port will do; what is behind it is judged when it is opened.
  if (literals.length === 0 && policy.networks.length > 0) return undefined
  if (literals.length === 0 && isInsideName(host)) return INSIDE
  return policy.ports.includes(port) ? undefined : `must use port ${policy.ports.join(' or ')}`
}

const INSIDE = 'must not point to a private or reserved address'

/** Names that no public DNS knows: those without a dot (`redis`, `metadata`), of mDNS, of clouds and home networks. */
function isInsideName(host: string): boolean {
  const name = host.replace(/\.+$/, '')
  return !name.includes('.') || /\.(local|localdomain|internal|home\.arpa)$/.test(name)
}
