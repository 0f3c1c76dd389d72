import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/** Gives every address of a host name. Rejects with the error of the DNS when there is none. */
export type Resolve = (hostname: string) => Promise<string[]>

const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'

/**
 * Resolves names as `dns.lookup` would, hosts file first, but without its threads: getaddrinfo holds one of libuv's for
 * as long as a hostile name server likes to stall, and those threads are the ones that compress images. Search domains
 * are not applied: the name in a source URL is the whole name.
 *
 * `servers` (`address:port`) are asked instead of the system's own.
 */
export function createResolver(servers?: string[]): Resolve {
  const dns = new Resolver({ timeout: 2000, tries: 3 })
  if (servers) dns.setServers(servers)

  return async (hostname) => {
    const known = await fromHostsFile(hostname)
    return known.length > 0 ? known : fromDns(dns, hostname)
  }
}

/** Read anew each time, so that an edit needs no restart; a few lines, once a connection. */
async function fromHostsFile(hostname: string): Promise<string[]> {
  const name = hostname.replace(/\.$/, '').toLowerCase()
  const text = await readFile(HOSTS_FILE, 'utf8').catch(() => '')
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/))
    .flatMap(([address = '', ...names]) => (isIP(address) && names.includes(name) ? [address] : []))
}

/** A name with addresses of one family only is whole: the other family's answer is an error then. */
async function fromDns(dns: Resolver, hostname: string): Promise<string[]> {
  const [v4, v6] = await Promise.allSettled([dns.resolve4(hostname), dns.resolve6(hostname)])
  const addresses = [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (addresses.length === 0 && v4.status === 'rejected') throw v4.reason
  return addresses
}
