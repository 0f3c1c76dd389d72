import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { endAll } from './guard.ts'
import { hostSocket } from './host-socket.ts'
import { hosted } from './hosted.ts'
import { identify, isAlive } from './process-tree.ts'

// The servers that the test files of one tap run share are children of this process. before.ts starts it
// and after.ts stops it; when the run is interrupted, it ends because tap has gone.
const tap = Number(process.argv[2])
const tapProcess = identify(tap)
const socket = hostSocket(tap)

const routes = new Map<string, () => Promise<unknown>>(
  Object.entries(hosted).map(([name, start]) => [`/${name}`, start])
).set('/stop', end)

const server = createServer(async (request, response) => {
  const route = routes.get(request.url ?? '')
  try {
    response.end(JSON.stringify(await route?.()))
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.message : String(error))
  }
})

async function end(): Promise<void> {
  rmSync(socket, { force: true })
  await endAll()
  setImmediate(() => process.exit())
}

rmSync(socket, { force: true })
server.listen(socket, () => process.send?.('listening'))
setInterval(() => isAlive(tapProcess) || void end(), 500)
