import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import { currentAttempt } from '../log/attempt-trace.ts'

/** Resolves with every address of a host name. Rejects with the error of the DNS when there is none. */
export type Resolve = (hostname: string) => Promise<string[]>

const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'

/**
 * Looks names up as `dns.lookup` does, hosts file first, but without getaddrinfo, which holds one of libuv's
 * few threads for as long as a hostile name server stalls. Search domains are not applied: the name in a
 * source URL is the whole name. `servers` (`address:port`) replace the system's own.
 */
export function createResolver(servers?: string[]): Resolve {
  const dns = new Resolver({ timeout: 2000, tries: 3 })
  if (servers) dns.setServers(servers)

  return async (hostname) => {
    const known = await fromHostsFile(hostname)
    return known.length > 0 ? known : fromDns(dns, hostname)
  }
}

/** Reads the file each time, so that an edit needs no restart. */
async function fromHostsFile(hostname: string): Promise<string[]> {
  const name = hostname.replace(/\.$/, '').toLowerCase()
  const text = await readFile(HOSTS_FILE, 'utf8').catch(() => '')
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/))
    .flatMap(([address = '', ...names]) => (isIP(address) && names.includes(name) ? [address] : []))
}

/** For a name with addresses of one family only, the query for the other family fails. */
async function fromDns(dns: Resolver, hostname: string): Promise<string[]> {
  const [v4, v6] = await Promise.allSettled([dns.resolve4(hostname), dns.resolve6(hostname)])
  const addresses = [v4, v6].flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  if (addresses.length === 0 && v4.status === 'rejected') throw v4.reason
  return addresses
}

const MAX_NAMES = 10_000
const REMEMBERED_MS = 30_000
/** Long enough for a download that follows; a retry queries the DNS again. */
const FAILURE_REMEMBERED_MS = 1000

/** Caches addresses for a while. Places are then counted for the addresses that are connected to. */
export function remembering(resolve: Resolve): Resolve {
  const names = new LRUCache<string, Promise<string[]>>({ max: MAX_NAMES, ttl: REMEMBERED_MS })
  return (hostname) => {
    const known = names.get(hostname)
    if (known) return known
    const addresses = timed(resolve(hostname))
    names.set(hostname, addresses)
    addresses.catch(() => names.set(hostname, addresses, { ttl: FAILURE_REMEMBERED_MS }))
    return addresses
  }
}

/** Adds the time that an attempt waits for the name server to its trace. */
async function timed<T>(lookup: Promise<T>): Promise<T> {
  const started = performance.now()
  try {
    return await lookup
  } finally {
    currentAttempt()?.add('dns_ms', performance.now() - started)
  }
}
