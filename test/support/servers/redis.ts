import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { notOurs } from './foreign.ts'
import { createFolder } from './guard.ts'
import { ensureInstalled, program } from './install.ts'
import { freePort } from './port.ts'
import { startServer } from './start.ts'

export type RedisServer = {
  url: string
  /** The URL of a database that no other test uses. A server named by TEST_REDIS_URL has but the given one. */
  createDatabase(): Promise<string>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type Redis = RedisServer & {
  /** SIGKILL. Nobody listens until restart. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty; ends it before, if it still runs. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): Promise<void>
  resume(): Promise<void>
}

/** A Redis of one's own, which keeps nothing on disk, or the one in TEST_REDIS_URL. */
export async function startRedis(): Promise<Redis> {
  const given = process.env.TEST_REDIS_URL
  const control = notOurs('TEST_REDIS_URL')
  if (given) return { ...useRedis(given), kill: control, restart: control, pause: control, resume: control }

  await ensureInstalled('redis')
  const folder = createFolder('redis')
  const port = await freePort()
  const address = ['--bind', '127.0.0.1', '--port', `${port}`, '--databases', '1000']
  const storage = ['--dir', folder, '--save', '', '--appendonly', 'no']
  const start = () =>
    startServer(
      { command: program('redis-server'), args: [...address, ...storage], cwd: folder },
      /Ready to accept connections/
    )
  let server = await start()

  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    ...useRedis(`redis://127.0.0.1:${port}/0`),
    kill: async () => void (await server.stop('SIGKILL')),
    async restart() {
      await server.stop()
      server = await start()
    },
    pause: async () => server.freeze(),
    resume: async () => server.thaw(),
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/** A running Redis, whoever started it. */
export function useRedis(url: string): RedisServer {
  const isGiven = url === process.env.TEST_REDIS_URL
  const stop = async () => {}
  return {
    url,
    createDatabase: async () => (isGiven ? url : countDatabases(url)),
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/** Database 0 counts those that were handed out, so that test files in different processes share one server. */
async function countDatabases(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write('INCR databases\r\n')
  const [reply] = await once(socket, 'data')
  socket.destroy()
  return new URL(`/${Number(String(reply).slice(1))}`, url).href
}
