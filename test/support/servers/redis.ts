import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { notOurs } from './foreign.ts'
import { createFolder } from './guard.ts'
import { ensureInstalled, program } from './install.ts'
import { freePort } from './port.ts'
import { startServer } from './start.ts'

export type RedisServer = {
  url: string
  /**
   * The URL of a database that no other test uses. A server named by TEST_REDIS_URL has only the given one.
   */
  createDatabase(): Promise<string>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type Redis = RedisServer & {
  /** SIGKILL. Nothing listens until restart. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty or with its last snapshot; ends it before, if it still runs. */
  restart(options?: { keepsSnapshot: boolean }): Promise<void>
  /** Sends a command in one line. Resolves with the reply as it comes. */
  command(line: string): Promise<string>
  /** SIGSTOP: connections stay open, and nothing responds. */
  pause(): Promise<void>
  resume(): Promise<void>
}

/**
 * A Redis of one's own, or the one in TEST_REDIS_URL. It keeps nothing on disk, or, if it is `durable`, all
 * but the last second.
 */
export async function startRedis({ durable = false } = {}): Promise<Redis> {
  const given = process.env.TEST_REDIS_URL
  const control = notOurs('TEST_REDIS_URL')
  if (given)
    return {
      ...useRedis(given),
      kill: control,
      restart: control,
      command: control,
      pause: control,
      resume: control
    }

  await ensureInstalled('redis')
  const folder = createFolder('redis')
  const port = await freePort()
  const address = ['--bind', '127.0.0.1', '--port', `${port}`, '--databases', '1000']
  // Replicas get their data at once, not after the default of five seconds.
  const replication = ['--repl-diskless-sync-delay', '0']
  const storage = ['--dir', folder, '--save', '', '--appendonly', durable ? 'yes' : 'no']
  const start = () =>
    startServer(
      { command: program('redis-server'), args: [...address, ...replication, ...storage], cwd: folder },
      /Ready to accept connections/
    )
  let server = await start()
  const url = `redis://127.0.0.1:${port}/0`

  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    ...useRedis(url),
    kill: async () => void (await server.stop('SIGKILL')),
    async restart({ keepsSnapshot } = { keepsSnapshot: false }) {
      await server.stop()
      if (!keepsSnapshot) await rm(join(folder, 'dump.rdb'), { force: true })
      server = await start()
    },
    command: (line) => command(url, line),
    pause: async () => server.freeze(),
    resume: async () => server.thaw(),
    stop,
    [Symbol.asyncDispose]: stop
  }
}

/** A Redis that runs already. */
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

/** Makes the one a replica of the other. */
export async function follow(replica: Redis, master: Redis): Promise<void> {
  const { hostname, port } = new URL(master.url)
  await replica.command(`REPLICAOF ${hostname} ${port}`)
}

/** Database 0 counts the databases in use, as test files in different processes share one server. */
async function countDatabases(url: string): Promise<string> {
  const reply = await command(url, 'INCR databases')
  return new URL(`/${Number(reply.slice(1))}`, url).href
}

async function command(url: string, line: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(`${line}\r\n`)
  const [reply] = await once(socket, 'data')
  socket.destroy()
  return String(reply)
}
