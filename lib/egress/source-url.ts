import { isIP } from 'node:net'
import { type AddressPolicy, isPermitted, isPublic } from './address-policy.ts'

const MAX_LENGTH = 2048

/** The addresses of `localhost` and every name below it, whatever a resolver returns (RFC 6761). */
export const LOOPBACK = ['127.0.0.1', '::1']

/** A URL as it is requested, or what is wrong with it in words that follow the name of a field. */
export type SourceUrl = { url: string } | { problem: string }

/**
 * Checks the URL of a source image; blanks around it are dropped, spaces in it encoded. Makes no DNS query:
 * the addresses behind a name are checked when a socket is opened.
 */
export function checkSourceUrl(text: string, policy: AddressPolicy): SourceUrl {
  const url = text.trim().replaceAll(' ', '%20')
  const problem = problemOf(url, policy)
  return problem === undefined ? { url } : { problem }
}

function problemOf(text: string, policy: AddressPolicy): string | undefined {
  if (text.length > MAX_LENGTH) return `must not be longer than ${MAX_LENGTH} characters`
  // new URL() accepts http:127.0.0.1 and http:///127.0.0.1 too, drops tabs and newlines and turns \ into /.
  if (!/^https?:\/\/[^/]/i.test(text)) return 'must start with http:// or https:// and a host name'
  if (/[\\\p{Cc}\p{Cs}]/u.test(text)) return 'must not contain backslashes or control characters'
  if (!URL.canParse(text)) return 'must be a valid URL'
  // Of the text, because new URL() drops the empty login of http://@host/.
  if (/^[^/]+\/\/[^/?#]*@/.test(text)) return 'must not contain a user name or password'
  return checkHost(new URL(text), policy)
}

export function portOf({ protocol, port }: { protocol: string; port: string }): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** Whether a host is `localhost` or a name below it, with or without the root's dot. */
export function isLocalhost(host: string): boolean {
  return /(^|\.)localhost\.*$/i.test(host)
}

function checkHost(url: URL, policy: AddressPolicy): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = portOf(url)
  const literals = isIP(host) ? [host] : isLocalhost(host) ? LOOPBACK : []
  if (literals.some((address) => isPermitted(address, port, policy))) return undefined
  if (literals.length > 0 && !literals.some(isPublic)) return INSIDE
  // A name may lead into an allowed network, where any port will do: the connector checks its addresses.
  if (literals.length === 0 && policy.networks.length > 0) return undefined
  if (literals.length === 0 && isInsideName(host)) return INSIDE
  return policy.ports.includes(port) ? undefined : `must use port ${policy.ports.join(' or ')}`
}

const INSIDE = 'must not point to a private or reserved address'

/**
 * Whether no public DNS has the name: no dot (`redis`, `metadata`), mDNS, clouds' and home networks' own
 * names.
 */
function isInsideName(host: string): boolean {
  const name = host.replace(/\.+$/, '')
  return !name.includes('.') || /\.(local|localdomain|internal|home\.arpa)$/.test(name)
}
