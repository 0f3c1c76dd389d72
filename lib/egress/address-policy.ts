import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** A CIDR: its address and the length of its prefix in bits. */
export type Network = readonly [Address, number]

/** Permits public addresses on these ports, and these networks on any port. */
export interface AddressPolicy {
  networks: readonly Network[]
  ports: readonly number[]
}

/** Parses a comma-separated list of CIDRs. Throws an Error that names the invalid entry. */
export function parseNetworks(text: string): Network[] {
  return list(text).map(parseNetwork)
}

/** Parses a comma-separated list of ports. Throws an Error that names the invalid entry. */
export function parsePorts(text: string): number[] {
  return list(text).map(parsePort)
}

/** Whether a socket may connect to `address`, which comes from the DNS, a URL or the socket itself. */
export function isPermitted(address: string, port: number, policy: AddressPolicy): boolean {
  return (
    policy.networks.some((network) => isWithin(address, network)) ||
    (policy.ports.includes(port) && isPublic(address))
  )
}

/**
 * Whether an address belongs to the public internet. For IPv6 this is an allowlist, so site-local,
 * discard-only, segment-routing and IPv4-compatible addresses need no rule. For IPv4 it is a list of ranges
 * that are not public.
 */
export function isPublic(text: string): boolean {
  const address = parseAddress(text)
  if (!address) return false
  if (address instanceof ipaddr.IPv4) return isPublicIPv4(address)
  // The only IPv6 form of an IPv4 address that real networks use: DNS64 makes it for IPv6-only hosts.
  if (address.match(NAT64)) return isPublicIPv4(lastIPv4(address))
  // To ipaddr.js, 6to4, Teredo and other tunnels are ranges of their own and not unicast.
  return address.match(GLOBAL_UNICAST) && address.range() === 'unicast' && !isISATAP(address)
}

/** Returns the smallest network that one customer has: an IPv4 address, or an IPv6 /64. */
export function networkOf(text: string): string {
  const address = parseAddress(text)
  if (!address) return text
  if (address instanceof ipaddr.IPv4) return address.toString()
  if (address.match(NAT64)) return lastIPv4(address).toString()
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** Azure's metadata, keys and DNS for its virtual machines, on an address that looks public. */
const AZURE_HOST = ipaddr.IPv4.parseCIDR('168.63.129.16/32')

function isPublicIPv4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && !address.match(AZURE_HOST)
}

/** `…:0:5efe:a.b.c.d` and `…:200:5efe:a.b.c.d` lead to the IPv4 neighbour a.b.c.d under any prefix. */
function isISATAP({ parts }: ipaddr.IPv6): boolean {
  return (parts[4] === 0 || parts[4] === 0x200) && parts[5] === 0x5efe
}

function lastIPv4(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12))
}

function isWithin(text: string, [network, prefix]: Network): boolean {
  const address = parseAddress(text)
  return address !== undefined && address.kind() === network.kind() && address.match(network, prefix)
}

/** Returns the IPv4 address for an IPv4-mapped one. */
function parseAddress(text: string): Address | undefined {
  // isIP first: ipaddr.js also reads 0177.1 and 0x7f.1. A zone id (fe80::1%eth0) names one of our own
  // interfaces.
  if (!isIP(text) || text.includes('%')) return undefined
  // ipaddr.js takes IPv4-compatible ::127.0.0.1 for IPv4-mapped ::ffff:127.0.0.1; it leads nowhere.
  if (/^::\d+\./.test(text)) return undefined
  return ipaddr.process(text)
}

function parseNetwork(text: string): Network {
  const [address = '', prefix = ''] = text.split(/\/(?=\d{1,3}$)/)
  const network = parseAddress(address)
  // Refuses an IPv4-mapped network, which would match nothing: addresses are compared as IPv4.
  if (network?.kind() === `ipv${isIP(address)}` && ipaddr.isValidCIDR(text)) return [network, Number(prefix)]
  throw new Error(
    `"${text}" is not a network: write it as a CIDR such as 10.1.0.0/16, 192.0.2.7/32 or fd00::/8`
  )
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port
  throw new Error(`"${text}" is not a port: write a number from 1 to 65535`)
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
