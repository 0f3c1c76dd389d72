import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const taken = new Set<number>()

/**
 * A free port of 127.0.0.1, below 32768, where the system does not pick the ports of outgoing connections.
 * Above, a client that keeps trying a dead server's port will one day reach itself, and a restarted server
 * find its port in use.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(15_000, 32_000)
  if (taken.has(port) || !(await canListen(port))) return freePort()
  taken.add(port)
  return port
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
