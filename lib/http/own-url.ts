import type { Server } from 'node:http'

/** Returns the URL at which callers on this machine reach the server. */
export function ownUrl(server: Server, { host, port }: { host: string; port: number }): string {
  const address = server.address()
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host
  const listening = address && typeof address === 'object' ? address.port : port
  return `http://${name.includes(':') ? `[${name}]` : name}:${listening}`
}
