import type { Server } from 'node:http'

/** Returns the URL at which callers on this machine reach the server. */
export function ownUrl(server: Server, { host, port }: { host: string; port: number }): string {
  const address = server.address()
  return localUrl(host, address && typeof address === 'object' ? address.port : port)
}

/** Returns the URL at which callers on this machine reach a server that listens on `host`. */
export function localUrl(host: string, port: number): string {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
