const LOOPBACK = /^(localhost|[\w-]+\.localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i

/** Whether only programs on this machine can reach the host, which is a name or an address. */
export const isLoopback = (host: string) => LOOPBACK.test(host)

/** Returns the name or address of a Host header, without the port. */
export const hostnameOf = (header: string) => header.replace(/:\d+$/, '').toLowerCase()
